package dev.quorate.simulation;

import dev.quorate.core.NodeConfig;
import dev.quorate.core.antientropy.AntiEntropyConfig;
import dev.quorate.core.handoff.HandoffConfig;
import dev.quorate.core.membership.MembershipConfig;
import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.replication.Bucket;
import dev.quorate.core.replication.ReplicationConfig;
import dev.quorate.core.ring.Member;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.ring.SlotTable;
import dev.quorate.core.transfer.TransferConfig;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** How the nodes of one run are configured: the same for all of them, at every start. What the plan leaves open is drawn from the seed. */
final class NodeSettings {
    static final int CLUSTER_NUMBER = 1;

    private static final double HASTY = 0.05;

    /** Quick to begin, so that passes meet the next fault, and slow enough to last. */
    private static final HandoffConfig HANDOFF =
            new HandoffConfig(Duration.ofMillis(200), Duration.ofMillis(500), 1000, 1 << 20, 2, Duration.ofDays(30));

    private final SimWorld world;
    private final Setup setup;
    private final Bytes hashSeed;
    private final Bytes clusterKey;
    private final RingState genesis;
    private final List<Bucket> buckets;
    private final ReplicationConfig replication;
    private final MembershipConfig membership;
    private final AntiEntropyConfig antiEntropy;
    private final TransferConfig transfer;
    private final Duration ringPatience;

    NodeSettings(SimWorld world, Plan plan) {
        this.world = world;
        this.setup = plan.setup();
        this.hashSeed = bytes("hash seed", 16);
        this.clusterKey = bytes("cluster key", 32);
        this.genesis = genesisRing();
        this.buckets = List.of(new Bucket(
                Bucket.DEFAULT_NAME,
                1,
                setup.n(),
                setup.r(),
                setup.w(),
                setup.blindWrites(),
                setup.readMode(),
                setup.writeMode(),
                setup.repair()));
        this.replication = new ReplicationConfig(
                Duration.ofSeconds(2),
                Duration.ofSeconds(30),
                Duration.ofNanos(setup.hedgeNanos()),
                0.5,
                setup.compareProbability(),
                1000,
                Duration.ofMillis(100),
                setup.hintBytes(),
                10 * 1024,
                setup.maxSiblings());
        this.membership = hasty(world.random("membership", 0));
        this.antiEntropy = exchanges(!plan.changes().isEmpty());
        this.transfer = handOvers();
        this.ringPatience = Duration.ofMillis(world.random("ring patience", 0).between(0, 3_000));
    }

    NodeConfig of(NodeId identity) {
        return new NodeConfig(
                identity,
                CLUSTER_NUMBER,
                genesis,
                hashSeed,
                clusterKey,
                buckets,
                replication,
                membership,
                antiEntropy,
                HANDOFF,
                transfer,
                ringPatience);
    }

    Bytes hashSeed() {
        return hashSeed;
    }

    Bytes clusterKey() {
        return clusterKey;
    }

    /** The ring in which everything begins. */
    RingState genesis() {
        return genesis;
    }

    AntiEntropyConfig antiEntropy() {
        return antiEntropy;
    }

    /**
     * Mostly as in production, where a run is too short for anybody to be DOWN. In some runs everything of membership goes eight times
     * as fast, so that verdicts fall, are wrong, and are refuted.
     */
    private static MembershipConfig hasty(SimRandom random) {
        if (!random.chance(HASTY)) {
            return MembershipConfig.DEFAULTS;
        }
        return new MembershipConfig(
                Duration.ofMillis(125),
                2,
                Duration.ofSeconds(1),
                Duration.ofMillis(60),
                Duration.ofMillis(125),
                3,
                Duration.ofSeconds(4));
    }

    /** In a hurry: a run lasts seconds, and replicas are to meet all they can miss. @param needed to make replicas again for dead owners */
    private AntiEntropyConfig exchanges(boolean needed) {
        SimRandom random = world.random("anti-entropy", 0);
        return new AntiEntropyConfig(
                random.chance(0.85) || needed,
                Duration.ofMillis(random.betweenByMagnitude(250, 4_000)),
                Duration.ofMillis(random.betweenByMagnitude(5, 200)),
                Duration.ofMillis(random.betweenByMagnitude(20, 200)),
                Duration.ofMillis(random.betweenByMagnitude(100, 1_000)),
                1 + random.nextInt(4),
                50_000,
                32L << 20,
                Duration.ofMillis(random.betweenByMagnitude(1_000, 100_000)));
    }

    /** Sometimes so slow that clients write all the while; what was handed over stays for a moment only. */
    private TransferConfig handOvers() {
        SimRandom random = world.random("transfer", 0);
        return new TransferConfig(
                1 + random.nextInt(3),
                1 + random.nextInt(3),
                Duration.ofMillis(200),
                Duration.ofSeconds(1),
                Duration.ofMillis(250),
                Duration.ofSeconds(2),
                Duration.ofMillis(random.betweenByMagnitude(10, 1_000)),
                2,
                Duration.ofMillis(5),
                (int) random.betweenByMagnitude(20, 10_000),
                50L << 20);
    }

    private Bytes bytes(String name, int length) {
        SimRandom random = world.random(name, 0);
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) random.nextInt(256);
        }
        return Bytes.owning(bytes);
    }

    /** Rows of a few neighbours each, beginning anywhere: the allocator has its own tests. */
    private SlotTable table() {
        SimRandom random = world.random("slots", 0);
        List<Member> members = new ArrayList<>();
        for (int number = 1; number <= setup.founders(); number++) {
            members.add(member(number));
        }
        List<List<NodeId>> rows = new ArrayList<>();
        for (int slot = 0; slot < 1 << setup.log2Slots(); slot++) {
            int first = random.nextInt(setup.founders());
            List<NodeId> row = new ArrayList<>();
            for (int i = 0; i < setup.n(); i++) {
                row.add(new NodeId(1 + (first + i) % setup.founders()));
            }
            rows.add(row);
        }
        return SlotTable.of(1, setup.log2Slots(), members, rows);
    }

    private static Member member(int number) {
        return new Member(new NodeId(number), 1, "dc", "rack", "host" + number);
    }

    /** Those who may join have been admitted already: how they come to know the ring is the server's business. */
    private RingState genesisRing() {
        List<Member> joining = new ArrayList<>();
        for (int number = setup.founders() + 1; number <= setup.nodes(); number++) {
            joining.add(member(number));
        }
        return RingState.of(table(), joining);
    }
}
