package dev.quorate.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.ring.KeyHasher;
import dev.quorate.proto.admin.v1.GetPlanResponse;
import dev.quorate.proto.admin.v1.MemberStatus;
import dev.quorate.proto.admin.v1.Move;
import dev.quorate.sdk.Bucket;
import dev.quorate.sdk.Codec;
import dev.quorate.sdk.QuorateClient;
import dev.quorate.sdk.ReadOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Nodes join, leave, are replaced and get more to do while clients work, and no client notices. Larger: {@code -Dkeys=1000000 -Dslots=1024
 * -Dclients=64}; {@code -Dtimeout=5} gives requests less time.
 */
@ExtendWith(NodeLogs.class)
@Timeout(value = 60, unit = TimeUnit.MINUTES)
final class ElasticIT {
    private static final int KEYS = Integer.getInteger("keys", 3_000);
    private static final int SLOTS = Integer.getInteger("slots", 64);
    private static final int CLIENTS = Integer.getInteger("clients", 12);
    private static final int MOST_KEYS_READ = 20_000;
    private static final String VALUE = "v".repeat(100);
    private static final String TOKEN = "a-token-of-this-test";
    private static final Duration AFTER_A_KILL = Duration.ofSeconds(2);
    private static final Duration SLOWEST = Duration.ofSeconds(5);
    private static final Duration PATIENCE = Duration.ofSeconds(120).plusMillis(KEYS);

    private static final int SLOTS_OF_ONE_MOVE = 16;
    private static final int KEYS_OF_ONE_MOVE = 300;
    private static final String LONG_VALUE = "v".repeat(2_000);

    @TempDir
    private Path folder;

    @Test
    void nodesJoinLeaveDieAndGetOtherWeightsAndClientsDoNotNotice() throws Exception {
        ClusterPlan plan = ClusterPlan.of(3, Trial.SEED)
                .withSlots(SLOTS)
                .withSettings("joinToken: " + TOKEN + "\ntransfer: {purgeDelay: 1s}\n");
        Cluster cluster = Cluster.prepare(folder, plan);
        List<String> filled = new ArrayList<>();
        Runnable filling = () -> filled.addAll(Filling.write("ElasticIT", cluster, KEYS, VALUE));
        try (Trial trial = Trial.start("ElasticIT", cluster, CLIENTS, filling)) {
            Changes changes = new Changes("ElasticIT", cluster);
            trial.goOn(Duration.ofSeconds(2));

            trial.phase("n4, n5, n6 start", Duration.ZERO);
            for (int i = 0; i < 3; i++) {
                cluster.join(1, TOKEN);
            }
            trial.phase("n4, n5, n6 get their share", Duration.ZERO);
            changes.make("three joined", PATIENCE, List.of());
            trial.phase("quiet", Duration.ZERO);
            trial.goOn(Duration.ofSeconds(2));

            trial.phase("n2, n3 leave", Duration.ZERO);
            List<ClusterNode> leaving = List.of(cluster.node(2), cluster.node(3));
            changes.make(
                    "two left", PATIENCE, leaving.stream().map(Changes::leave).toList());
            trial.phase("n2, n3 stop", Duration.ZERO);
            for (ClusterNode left : leaving) {
                assertThat(statusOf(cluster, left)).isEqualTo(MemberStatus.MEMBER_STATUS_LEFT);
                assertThat(left.stop()).as("exit code of %s", left.id()).isZero();
                cluster.forget(left);
            }
            trial.goOn(Duration.ofSeconds(1));

            ClusterNode dead = cluster.node(5);
            trial.phase("n5 killed", AFTER_A_KILL);
            dead.kill();
            trial.goOn(AFTER_A_KILL);
            trial.phase("n7 starts", Duration.ZERO);
            ClusterNode fresh = cluster.join(1, TOKEN);
            trial.phase("n7 replaces n5", Duration.ZERO);
            changes.make("one replaced", PATIENCE, List.of(Changes.replace(dead, fresh)));
            assertThat(statusOf(cluster, dead)).isEqualTo(MemberStatus.MEMBER_STATUS_REMOVED);
            cluster.forget(dead);

            trial.phase("n6 weighs twice as much", Duration.ZERO);
            changes.make("one re-weighted", PATIENCE, List.of(Changes.weight(cluster.node(6), 2)));
            trial.phase("quiet", Duration.ZERO);
            trial.goOn(Duration.ofSeconds(2));
            trial.endLoad();

            trial.awaitEqual(PATIENCE);
            trial.judge();
            trial.judgeSlowest(SLOWEST);
            allThere(cluster, filled.subList(0, Math.min(filled.size(), MOST_KEYS_READ)), VALUE);
        }
    }

    private static MemberStatus statusOf(Cluster cluster, ClusterNode node) {
        return cluster.node(1).cluster().getMembersList().stream()
                .filter(member -> member.getId().equals(node.id()))
                .findFirst()
                .orElseThrow()
                .getStatus();
    }

    /** At every owner, as it is, and to readers that ask all of them. */
    private static void allThere(Cluster cluster, List<String> keys, String value) {
        Duration equal = Replicas.awaitEqual(cluster.node(1), keys, PATIENCE);
        System.out.printf("ElasticIT: owners of %d other keys found equal in %d ms%n", keys.size(), equal.toMillis());
        try (QuorateClient client = cluster.client()) {
            Bucket<String> bucket = client.bucket("default", Codec.utf8());
            ReadOptions all = ReadOptions.DEFAULT.withR(Load.REPLICAS);
            assertThat(keys)
                    .allSatisfy(key ->
                            assertThat(bucket.get(key, all).value()).as(key).isEqualTo(value));
        }
    }

    @Test
    void aHandOverWhoseBothEndsAreKilledGoesOnWhereItWas() throws Exception {
        ClusterPlan plan = ClusterPlan.of(3, Trial.SEED)
                .withSlots(SLOTS_OF_ONE_MOVE)
                .withSettings("joinToken: " + TOKEN + "\ntransfer: {purgeDelay: 1s, keysPerSecond: 50}\n");
        try (Cluster cluster = Cluster.start(folder, plan)) {
            Changes changes = new Changes("ElasticIT", cluster);
            KeyHasher hasher = new KeyHasher(Bytes.owning(HexFormat.of().parseHex(plan.hashSeed())));

            // So little weight that it is due one of 48 replicas.
            ClusterNode first = cluster.join(0.064, TOKEN);
            Move undisturbed = onlyMove(changes);
            List<String> keys = new ArrayList<>(keysOf(hasher, undisturbed.getSlot()));
            Filling.write("ElasticIT", cluster, keys, LONG_VALUE);
            long before = Changes.bytes(first);
            long began = System.nanoTime();
            changes.commit(changes.plan(List.of()));
            changes.awaitDone(PATIENCE);
            long slotBytes = Changes.bytes(first) - before;
            System.out.printf(
                    "ElasticIT: undisturbed, a slot of %d keys took %.1f s and %,d bytes%n",
                    keys.size(), (System.nanoTime() - began) / 1e9, slotBytes);

            ClusterNode target = cluster.join(0.065, TOKEN);
            Move move = onlyMove(changes);
            assertThat(move.getTo()).isEqualTo(target.id());
            List<String> others = keysOf(hasher, move.getSlot());
            Filling.write("ElasticIT", cluster, others, LONG_VALUE);
            ClusterNode source = cluster.node(Integer.parseInt(move.getFrom().substring(1)));
            began = System.nanoTime();
            before = Changes.bytes(target);
            changes.commit(changes.plan(List.of()));

            long atFirstKill = awaitBytes(target, before + slotBytes / 3);
            source.kill();
            source.start();
            long atSecondKill = awaitBytes(target, before + slotBytes * 2 / 3);
            assertThat(Changes.transfers(target).getTransfersList())
                    .as("under way still")
                    .hasSize(1);
            target.kill();
            target.start();
            cluster.awaitReady();
            changes.awaitDone(PATIENCE);
            long afterIt = Changes.bytes(target);
            long sent = atSecondKill - before + afterIt;
            System.out.printf(
                    "ElasticIT: with its source killed after %,d bytes and its target after %,d, a slot of %d keys took %.1f s "
                            + "and %,d bytes, %.3f times as many%n",
                    atFirstKill - before,
                    atSecondKill - before,
                    others.size(),
                    (System.nanoTime() - began) / 1e9,
                    sent,
                    (double) sent / slotBytes);
            assertThat(Changes.ring(cluster.node(1)).rows().get(move.getSlot()))
                    .contains(target.id())
                    .doesNotContain(source.id());
            assertThat((double) sent).as("bytes sent in all").isLessThanOrEqualTo(1.1 * slotBytes);
            keys.addAll(others);
            allThere(cluster, keys, LONG_VALUE);
        }
    }

    private static Move onlyMove(Changes changes) {
        GetPlanResponse plan = changes.plan(List.of());
        assertThat(plan.getMovesList()).hasSize(1);
        return plan.getMoves(0);
    }

    private static List<String> keysOf(KeyHasher hasher, int slot) {
        List<String> keys = new ArrayList<>();
        for (int i = 0; keys.size() < KEYS_OF_ONE_MOVE; i++) {
            String key = "k" + slot + "." + i;
            int found = hasher.hash(new Key(1, Bytes.utf8(key))).slot(Integer.numberOfTrailingZeros(SLOTS_OF_ONE_MOVE));
            if (found == slot) {
                keys.add(key);
            }
        }
        return keys;
    }

    /** Returns how many it has been sent by then. */
    private static long awaitBytes(ClusterNode node, long bytes) {
        await(node.id() + " has been sent " + bytes + " bytes")
                .atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(10))
                .until(() -> Changes.bytes(node) >= bytes);
        return Changes.bytes(node);
    }
}
