package dev.quorate.cli.bench;

import com.google.protobuf.UnsafeByteOperations;
import dev.quorate.cli.connect.ClusterConnection;
import dev.quorate.cli.connect.ClusterConnection.Effect;
import dev.quorate.cli.connect.Endpoint;
import dev.quorate.cli.local.ClusterFile;
import dev.quorate.proto.admin.v1.InspectKeyRequest;
import dev.quorate.proto.admin.v1.InspectKeyResponse;
import dev.quorate.proto.admin.v1.InspectServiceGrpc;
import dev.quorate.proto.kv.v1.Sibling;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Whether all owners of keys hold the same siblings, dots and bytes. Looking repairs nothing, which reading would. */
final class ReplicaComparison {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private ReplicaComparison() {}

    /** Those of the keys that not all owners hold alike, or that some owner does not hold at all. */
    static List<Long> differing(ClusterFile.Node asked, List<Long> keys) {
        try (ClusterConnection connection =
                new ClusterConnection(List.of(Endpoint.parse(asked.adminAddress())), PATIENCE)) {
            List<Long> differing = new ArrayList<>();
            for (long key : keys) {
                InspectKeyRequest request = InspectKeyRequest.newBuilder()
                        .setKey(UnsafeByteOperations.unsafeWrap(BenchKey.of(key)))
                        .build();
                InspectKeyResponse seen = connection.call(
                        Effect.READS,
                        (channel, deadline) -> InspectServiceGrpc.newBlockingStub(channel)
                                .withDeadline(deadline)
                                .inspectKey(request));
                Set<String> held = seen.getReplicasList().stream()
                        .map(ReplicaComparison::siblings)
                        .collect(Collectors.toSet());
                if (held.size() > 1 || held.contains("")) {
                    differing.add(key);
                }
            }
            return differing;
        }
    }

    private static String siblings(InspectKeyResponse.Replica replica) {
        TreeSet<String> siblings = new TreeSet<>();
        for (Sibling sibling : replica.getSiblingsList()) {
            siblings.add(sibling.getVersionId() + "=" + sibling.hasValue()
                    + sibling.getValue().hashCode());
        }
        return String.join(" ", siblings) + replica.getError();
    }
}
