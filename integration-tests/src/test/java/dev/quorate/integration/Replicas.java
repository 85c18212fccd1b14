package dev.quorate.integration;

import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.quorate.proto.admin.v1.InspectKeyRequest;
import dev.quorate.proto.admin.v1.InspectKeyResponse;
import dev.quorate.proto.admin.v1.InspectServiceGrpc;
import dev.quorate.proto.kv.v1.Sibling;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/** What the owners of keys hold, as they say themselves. Looking repairs nothing, which reading would. */
final class Replicas {
    private static final Duration POLL = Duration.ofMillis(100);

    private Replicas() {}

    static InspectKeyResponse inspect(ClusterNode asked, String key) {
        return asked.askAdmin(channel -> InspectServiceGrpc.newBlockingStub(channel)
                .withDeadlineAfter(5, TimeUnit.SECONDS)
                .inspectKey(InspectKeyRequest.newBuilder()
                        .setKey(ByteString.copyFromUtf8(key))
                        .build()));
    }

    /** Those of the keys whose owners do not all hold the same siblings, with what they hold. */
    static SortedMap<String, List<String>> differing(ClusterNode asked, Collection<String> keys) {
        return asked.askAdmin(channel -> {
            var inspector = InspectServiceGrpc.newBlockingStub(channel);
            SortedMap<String, List<String>> differing = new TreeMap<>();
            for (String key : keys) {
                InspectKeyResponse seen = inspector
                        .withDeadlineAfter(5, TimeUnit.SECONDS)
                        .inspectKey(InspectKeyRequest.newBuilder()
                                .setKey(ByteString.copyFromUtf8(key))
                                .build());
                List<String> held =
                        seen.getReplicasList().stream().map(Replicas::siblings).toList();
                if (held.stream().distinct().count() > 1) {
                    differing.put(key, held);
                }
            }
            return differing;
        });
    }

    private static String siblings(InspectKeyResponse.Replica replica) {
        TreeSet<String> siblings = new TreeSet<>();
        for (Sibling sibling : replica.getSiblingsList()) {
            siblings.add(sibling.getVersionId()
                    + (sibling.hasValue() ? "=" + sibling.getValue().toStringUtf8() : " deleted"));
        }
        return replica.getError().isEmpty() ? siblings.toString() : replica.getError();
    }

    /** How long it took until all owners of these keys held the same. */
    static Duration awaitEqual(ClusterNode asked, Collection<String> keys, Duration patience) {
        long began = System.nanoTime();
        AtomicReference<Collection<String>> differing = new AtomicReference<>(keys);
        await("all owners of " + keys.size() + " keys hold the same")
                .atMost(patience)
                .pollInterval(POLL)
                .until(() -> {
                    // Only those that still differed: nobody writes any more.
                    differing.set(differing(asked, differing.get()).keySet());
                    return differing.get().isEmpty();
                });
        return Duration.ofNanos(System.nanoTime() - began);
    }
}
