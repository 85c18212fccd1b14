package dev.quorate.sdk;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Three clients, three coordinators that hear of each other's writes late or never, one key, random calls. */
class ContextCarryingLawTest {
    private static final int STEPS = 40;

    @Test
    void nothingIsSupersededByAWriterThatWasNeverGivenIt() throws Exception {
        long onlySeed = Long.getLong("seed", -1);
        try (FakeCluster cluster = new FakeCluster(3);
                QuorateClient first = cluster.client();
                QuorateClient second = cluster.client();
                QuorateClient third = cluster.client()) {
            List<QuorateClient> clients = List.of(first, second, third);
            for (long seed = onlySeed >= 0 ? onlySeed : 0; seed < (onlySeed >= 0 ? onlySeed + 1 : 200); seed++) {
                run(seed, cluster, clients);
            }
        }
    }

    /** A write and everything that its writer may supersede by it. */
    private record Write(boolean plain, Set<String> mayReplace) {}

    private static void run(long seed, FakeCluster cluster, List<QuorateClient> clients) {
        Random random = new Random(seed);
        List<Bucket<String>> buckets = new ArrayList<>();
        for (QuorateClient client : clients) {
            buckets.add(client.bucket("default", Codec.utf8()));
        }
        String key = "k" + seed;
        Map<String, Write> writes = new HashMap<>();
        List<List<String>> ofClient = List.of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        List<@Nullable Versioned<String>> read = new ArrayList<>(Arrays.asList(null, null, null));
        cluster.replicates = false;
        for (int client = 0; client < 3; client++) {
            // Each begins with a write that has seen nothing, so that no policy for blind writes blurs the law.
            String value = "c" + client;
            buckets.get(client).put(key, Versioned.of(value, Context.EMPTY));
            writes.put(value, new Write(false, Set.of()));
            ofClient.get(client).add(value);
        }
        for (int step = 0; step < STEPS; step++) {
            cluster.replicates = random.nextInt(3) == 0;
            int client = random.nextInt(3);
            Bucket<String> bucket = buckets.get(client);
            String value = "c" + client + "s" + step;
            Versioned<String> seen = read.get(client);
            switch (random.nextInt(4)) {
                case 0 -> read.set(client, bucket.get(key));
                case 1 -> {
                    if (seen != null) {
                        Set<String> replaced = closure(writes, values(seen));
                        bucket.put(key, seen.with(value));
                        writes.put(value, new Write(false, replaced));
                        ofClient.get(client).add(value);
                        read.set(client, null);
                    }
                }
                default -> {
                    String previous = last(ofClient.get(client));
                    Set<String> replaced = closure(writes, Set.of(previous));
                    bucket.put(key, value);
                    writes.put(value, new Write(true, replaced));
                    ofClient.get(client).add(value);
                }
            }
        }
        FakeStore merged = new FakeStore();
        FakeStore.ObjectKey object = new FakeStore.ObjectKey("default", ByteString.copyFromUtf8(key));
        cluster.nodes.forEach(node -> merged.merge(object, node.store));
        List<String> left = merged.values(key);
        for (String value : writes.keySet()) {
            boolean replaced = writes.values().stream()
                    .anyMatch(write -> write.mayReplace().contains(value));
            assertThat(left.contains(value) || replaced)
                    .as(
                            "seed %d (run with -Dseed=%d): %s is gone and nobody who saw it wrote; left: %s",
                            seed, seed, value, left)
                    .isTrue();
        }
        for (List<String> own : ofClient) {
            for (int i = 1; i < own.size(); i++) {
                Write write = writes.get(own.get(i));
                assertThat(write != null && write.plain() && left.contains(own.get(i - 1)))
                        .as(
                                "seed %d (run with -Dseed=%d): %s is left although %s continued it; left: %s",
                                seed, seed, own.get(i - 1), own.get(i), left)
                        .isFalse();
            }
        }
    }

    private static String last(List<String> values) {
        return values.get(values.size() - 1);
    }

    private static Set<String> values(Versioned<String> seen) {
        Set<String> values = new HashSet<>();
        seen.siblings().forEach(sibling -> values.add(sibling.value()));
        return values;
    }

    private static Set<String> closure(Map<String, Write> writes, Set<String> values) {
        Set<String> all = new HashSet<>(values);
        for (String value : values) {
            Write write = writes.get(value);
            if (write != null) {
                all.addAll(write.mayReplace());
            }
        }
        return all;
    }
}
