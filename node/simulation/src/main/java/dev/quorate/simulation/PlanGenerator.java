package dev.quorate.simulation;

import dev.quorate.core.peer.Mode;
import dev.quorate.core.replication.Bucket;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Makes the plan of a seed. Each seed is another swarm: few kinds of faults at a time, workloads and knobs drawn anew, extremes as likely
 * as the middle. A run with a little of everything would seldom go deep anywhere.
 */
public final class PlanGenerator {
    private static final long MILLI = 1_000_000;

    /** Seeds in which stand-ins count unless a client says otherwise. */
    private static final double SLOPPY_WRITES = 0.6;

    private static final double SLOPPY_READS = 0.3;

    /** Seeds in which the ring changes. */
    private static final double RINGS_THAT_CHANGE = 0.35;

    private static final List<RingChange.Kind> CHANGES = List.of(
            RingChange.Kind.JOIN,
            RingChange.Kind.JOIN,
            RingChange.Kind.JOIN,
            RingChange.Kind.LEAVE,
            RingChange.Kind.LEAVE,
            RingChange.Kind.REPLACE,
            RingChange.Kind.REPLACE,
            RingChange.Kind.WEIGHT,
            RingChange.Kind.WEIGHT,
            RingChange.Kind.CANCEL,
            RingChange.Kind.PAUSE,
            RingChange.Kind.SPLIT);

    /** Faults that need another machine to be seen. */
    private static final Set<Fault.Kind> BETWEEN_MACHINES = EnumSet.of(
            Fault.Kind.PARTITION,
            Fault.Kind.ONE_WAY_PARTITION,
            Fault.Kind.LINK_BREAK,
            Fault.Kind.APPLIED_BUT_REPORTED_FAILED,
            Fault.Kind.LOSS,
            Fault.Kind.DUPLICATION,
            Fault.Kind.DELAY,
            Fault.Kind.BRIDGE_PARTITION,
            Fault.Kind.RING_PARTITION,
            Fault.Kind.FLAPPING,
            Fault.Kind.SWIZZLE_CLOG);

    /** All that a plan had before {@link #plan}: seeds that once found something still make the plan that found it. */
    private static final Set<Fault.Kind> FIRST_KINDS = EnumSet.range(Fault.Kind.CRASH, Fault.Kind.IDENTITY_ROLLED_BACK);

    private static final Set<ClientOp.Kind> FIRST_OPERATIONS =
            EnumSet.range(ClientOp.Kind.GET, ClientOp.Kind.PUT_AGAIN);

    /** Disks that forget: one kind at a time, and not every seed, or too few promises are left to be checked. */
    private static final List<Fault.Kind> AMNESIA =
            List.of(Fault.Kind.RESTORED_IMAGE, Fault.Kind.SWAPPED_DISKS, Fault.Kind.WIPED_DISK);

    /** Whose length matters. */
    private static final List<Fault.Kind> LASTING =
            List.of(Fault.Kind.PAUSE, Fault.Kind.PAUSE, Fault.Kind.CRASH, Fault.Kind.PARTITION, Fault.Kind.FLAPPING);

    /** Nothing that takes data or time away: where strict reads and sessions have no excuse (T16). */
    private static final Set<Fault.Kind> CALM = EnumSet.of(
            Fault.Kind.CRASH,
            Fault.Kind.GRACEFUL_RESTART,
            Fault.Kind.POWER_LOSS,
            Fault.Kind.COORDINATOR_CRASH,
            Fault.Kind.DELAY,
            Fault.Kind.SLOW_DISK);

    /** What clients are after. The letters are the workloads of the test plan. */
    private enum Workload {
        /** Some of everything. */
        MIXED,
        /** (d) Few keys, written, deleted and written again. */
        CHURN,
        /** (f) Many keys, each written now and then. */
        MANY_KEYS,
        /** Each client goes on from what it saw last, as with the SDK. */
        SESSIONS
    }

    private final long seed;
    private final SimRandom random;
    private final boolean first;
    private final Workload workload;
    private final Set<Fault.Kind> allowed;
    private final boolean minutes;
    private final @Nullable SimRandom swarm;
    private final @Nullable SimRandom ringChanges;

    private PlanGenerator(long seed, boolean first) {
        this.seed = seed;
        this.random = SimRandom.fork(seed, "plan", 0);
        this.first = first;
        if (first) {
            this.swarm = null;
            this.ringChanges = null;
            this.workload = Workload.MIXED;
            this.allowed = FIRST_KINDS;
            this.minutes = false;
            return;
        }
        SimRandom drawn = SimRandom.fork(seed, "swarm", 0);
        this.swarm = drawn;
        this.workload = drawn.chance(0.6)
                ? Workload.MIXED
                : drawn.pick(List.of(
                        Workload.CHURN,
                        Workload.CHURN,
                        Workload.CHURN,
                        Workload.SESSIONS,
                        Workload.SESSIONS,
                        Workload.SESSIONS,
                        Workload.MANY_KEYS));
        this.minutes = drawn.chance(0.08);
        Set<Fault.Kind> kinds = drawn.chance(0.06) ? CALM : kinds(drawn);
        SimRandom ring = SimRandom.fork(seed, "ring changes", 0);
        this.ringChanges = ring.chance(RINGS_THAT_CHANGE) ? ring : null;
        if (ringChanges != null) {
            kinds = EnumSet.copyOf(kinds);
            // What a voter promised must not be forgotten, and who lost its disk is replaced before it may promise
            // again.
            kinds.removeAll(AMNESIA);
        }
        this.allowed = kinds;
    }

    public static Plan plan(long seed) {
        return new PlanGenerator(seed, false).generate();
    }

    /** As the first generator drew it: seconds of chaos, nothing that disks forget, no machine lost for good. */
    static Plan firstPlan(long seed) {
        return new PlanGenerator(seed, true).generate();
    }

    /** All kinds, but of those that make disks forget one at most. */
    private static Set<Fault.Kind> kinds(SimRandom swarm) {
        Set<Fault.Kind> kinds = EnumSet.allOf(Fault.Kind.class);
        kinds.removeAll(AMNESIA);
        if (swarm.chance(0.35)) {
            kinds.add(swarm.pick(AMNESIA));
        }
        return kinds;
    }

    private Plan generate() {
        int founders = nodes();
        int nodes = founders + newcomers(founders);
        int n = Math.min(founders, random.pick(List.of(1, 2, 3, 3, 3, 3, 3, 4, 5, 5)));
        int majority = n / 2 + 1;
        boolean usual = random.chance(0.7);
        Setup setup = new Setup(
                seed,
                nodes,
                n,
                usual ? majority : 1 + random.nextInt(n),
                usual ? majority : 1 + random.nextInt(n),
                random.nextInt(5),
                keys(random.pick(List.of(1, 1, 2, 2, 3, 4, 5))),
                2 + random.nextInt(7),
                random.chance(0.75) ? Bucket.BlindWrites.OVERWRITE_SEEN : Bucket.BlindWrites.SIBLING,
                random.betweenByMagnitude(100_000, 5 * MILLI),
                random.chance(0.4),
                random.betweenByMagnitude(100_000, 15 * MILLI),
                random.chance(0.5) ? 0 : random.chance(0.5) ? 0.1 : 0.7,
                random.betweenByMagnitude(100_000, 20 * MILLI),
                random.chance(0.5) ? 0 : random.betweenByMagnitude(10, 24 * 3_600_000L),
                random.chance(0.5) ? 0 : 0.05,
                random.betweenByMagnitude(5 * MILLI, 100 * MILLI),
                random.chance(0.5) ? 0.1 : random.nextDouble(),
                random.chance(0.8) ? 32 : 2 + random.nextInt(5),
                chaos(random.between(3_000, 9_000)) * MILLI,
                lost(nodes),
                swarm != null && swarm.chance(0.5),
                swarm != null && swarm.chance(SLOPPY_READS) ? Mode.SLOPPY : Mode.STRICT,
                swarm != null && swarm.chance(SLOPPY_WRITES) ? Mode.SLOPPY : Mode.STRICT,
                swarm != null && swarm.chance(0.2) ? Bucket.Repair.BLOCKING : Bucket.Repair.ASYNC,
                swarm != null && swarm.chance(0.2) ? swarm.between(50, 500) : 1 << 20,
                founders);
        return new Plan(setup, operations(setup), faults(setup), changes(setup));
    }

    /** Machines that may join. None where the ring stays as it is. */
    private int newcomers(int founders) {
        return ringChanges == null ? 0 : Math.min(ringChanges.nextInt(4), 9 - founders);
    }

    /** What operators do, mostly one thing after the other, now and then all at once. */
    private List<RingChange> changes(Setup setup) {
        List<RingChange> changes = new ArrayList<>();
        if (ringChanges == null) {
            return changes;
        }
        int count = 1 + ringChanges.nextInt(6);
        long latest = setup.chaosNanos() * 8 / 10;
        long at = ringChanges.between(300 * MILLI, latest);
        for (int number = 0; number < count; number++) {
            RingChange.Kind kind = ringChanges.pick(CHANGES);
            boolean newcomer = kind == RingChange.Kind.JOIN && setup.nodes() > setup.founders();
            int machine = newcomer
                    ? (int) ringChanges.between(setup.founders() + 1, setup.nodes())
                    : 1 + ringChanges.nextInt(setup.nodes());
            changes.add(new RingChange(
                    number,
                    kind,
                    at,
                    1 + ringChanges.nextInt(setup.nodes()),
                    machine,
                    1 + ringChanges.nextInt(setup.nodes()),
                    ringChanges.nextDouble()));
            at = ringChanges.chance(0.3)
                    ? Math.min(latest, at + ringChanges.between(0, 300 * MILLI))
                    : ringChanges.between(200 * MILLI, latest);
        }
        return changes;
    }

    private int keys(int usual) {
        return swarm == null
                ? usual
                : switch (workload) {
                    case MIXED, SESSIONS -> usual;
                    case CHURN -> 1 + usual / 3;
                    case MANY_KEYS -> (int) swarm.between(30, 100);
                };
    }

    private long chaos(long usualMillis) {
        return minutes && swarm != null ? swarm.between(60_000, 300_000) : usualMillis;
    }

    /** Fewer than half of the machines, in one seed of four. */
    private int lost(int nodes) {
        if (swarm == null || nodes < 3 || !swarm.chance(0.25) || ringChanges != null) {
            return 0;
        }
        int lost = 0;
        int most = 1 + swarm.nextInt((nodes - 1) / 2);
        for (int i = 0; i < most; i++) {
            lost |= 1 << swarm.nextInt(nodes);
        }
        return lost;
    }

    private int nodes() {
        return random.chance(0.75) ? random.pick(List.of(3, 3, 3, 4, 5, 5)) : 1 + random.nextInt(9);
    }

    private List<ClientOp> operations(Setup setup) {
        List<ClientOp.Kind> kinds = workload();
        boolean anyQuorum = random.chance(0.3);
        ClientOp.Retry retry = random.pick(List.of(ClientOp.Retry.values()));
        double hotKey = random.nextDouble();
        double sticky = random.nextDouble();
        int count = (int) random.between(180, 300) + (workload == Workload.MANY_KEYS ? 150 : 0);
        long meanGap = setup.chaosNanos() / count;
        double burst = 0.3 + 0.6 * random.nextDouble();
        List<ClientOp> operations = new ArrayList<>(count);
        long at = 5 * MILLI;
        for (int number = 0; number < count; number++) {
            // Bursts, because two operations that do not overlap have nothing to race for.
            at += random.chance(burst)
                    ? random.between(0, 3 * MILLI)
                    : (long) (random.nextDouble() * 2 * meanGap / (1 - burst));
            int node = 1 + random.nextInt(setup.nodes());
            int n = setup.n();
            operations.add(new ClientOp(
                    number,
                    Math.min(at, setup.chaosNanos()),
                    random.nextInt(setup.clients()),
                    random.chance(workload == Workload.MANY_KEYS ? hotKey / 8 : hotKey)
                            ? 0
                            : random.nextInt(setup.keys()),
                    random.pick(kinds),
                    node,
                    random.chance(sticky) ? node : 1 + random.nextInt(setup.nodes()),
                    anyQuorum ? 1 + random.nextInt(n) : setup.r(),
                    anyQuorum ? 1 + random.nextInt(n) : setup.w(),
                    1 + random.nextInt(4),
                    retry,
                    random.chance(0.15),
                    random.betweenByMagnitude(50, 1_500) * MILLI,
                    random.nextInt(1 << 30)));
        }
        return operations;
    }

    /** Some kinds of operations, each with its own weight. */
    private List<ClientOp.Kind> workload() {
        List<ClientOp.Kind> kinds = new ArrayList<>();
        switch (workload) {
            case MIXED -> {}
            case CHURN -> {
                kinds.addAll(List.of(
                        ClientOp.Kind.GET,
                        ClientOp.Kind.READ_MODIFY_WRITE,
                        ClientOp.Kind.READ_MODIFY_WRITE,
                        ClientOp.Kind.READ_AND_DELETE,
                        ClientOp.Kind.READ_AND_DELETE,
                        ClientOp.Kind.PUT_IF_ABSENT,
                        ClientOp.Kind.BLIND_PUT));
                return kinds;
            }
            case SESSIONS -> {
                kinds.addAll(List.of(
                        ClientOp.Kind.GET,
                        ClientOp.Kind.GET,
                        ClientOp.Kind.SESSION_PUT,
                        ClientOp.Kind.SESSION_PUT,
                        ClientOp.Kind.SESSION_PUT,
                        ClientOp.Kind.SESSION_DELETE));
                return kinds;
            }
            case MANY_KEYS -> {
                kinds.addAll(List.of(
                        ClientOp.Kind.GET,
                        ClientOp.Kind.READ_MODIFY_WRITE,
                        ClientOp.Kind.BLIND_PUT,
                        ClientOp.Kind.BLIND_PUT,
                        ClientOp.Kind.READ_AND_DELETE));
                return kinds;
            }
        }
        kinds.add(ClientOp.Kind.GET);
        // Now and then nothing but reading, changing and writing back: then the sibling bound is sharp.
        if (random.chance(0.2)) {
            kinds.add(ClientOp.Kind.READ_MODIFY_WRITE);
            kinds.add(ClientOp.Kind.READ_MODIFY_WRITE);
            return kinds;
        }
        for (ClientOp.Kind kind : first ? FIRST_OPERATIONS : EnumSet.allOf(ClientOp.Kind.class)) {
            int weight = random.chance(0.5) ? 0 : 1 + random.nextInt(4);
            boolean unlikely = kind == ClientOp.Kind.BLIND_DELETE || kind == ClientOp.Kind.STALE_DELETE;
            for (int i = 0; i < (unlikely ? Math.min(1, weight) : weight); i++) {
                kinds.add(kind);
            }
        }
        kinds.add(ClientOp.Kind.READ_MODIFY_WRITE);
        return kinds;
    }

    private List<Fault> faults(Setup setup) {
        List<Fault.Kind> possible = new ArrayList<>();
        for (Fault.Kind kind : allowed) {
            boolean needsPeers = BETWEEN_MACHINES.contains(kind);
            boolean needsOneKey = kind == Fault.Kind.IDENTITY_ROLLED_BACK;
            if ((!needsPeers || setup.nodes() > 1) && (!needsOneKey || setup.keys() == 1)) {
                possible.add(kind);
            }
        }
        List<Fault.Kind> chosen = new ArrayList<>();
        if (random.chance(0.75)) {
            chosen.add(Fault.Kind.POWER_LOSS);
        }
        if (random.chance(0.2) && setup.nodes() > 1 && allowed.contains(Fault.Kind.DAMAGED_RECORD)) {
            // What a damaged record had alone is in danger only while its owner is cut off.
            chosen.add(Fault.Kind.DAMAGED_RECORD);
            chosen.add(random.pick(List.of(Fault.Kind.PARTITION, Fault.Kind.ONE_WAY_PARTITION, Fault.Kind.LOSS)));
        }
        int kinds = 3 + random.nextInt(3);
        if (minutes && swarm != null) {
            chosen.add(swarm.pick(LASTING));
        }
        AMNESIA.stream().filter(allowed::contains).forEach(chosen::add);
        while (chosen.size() < kinds) {
            Fault.Kind kind = random.pick(possible);
            if (!chosen.contains(kind) && !hidesTheOther(kind, chosen)) {
                chosen.add(kind);
            }
        }
        // One seed in ten is a storm.
        int count = (int) (random.chance(0.9) ? random.between(6, 14) : random.between(20, 50));
        // Faults that follow each other closely, often on one machine, meet in states that lone ones never reach.
        double clustered = random.nextDouble() * 0.7;
        List<Fault> faults = new ArrayList<>(count);
        long latest = setup.chaosNanos() * 9 / 10;
        long at = 0;
        int machine = 1;
        for (int number = 0; number < count; number++) {
            boolean follows = number > 0 && random.chance(clustered);
            at = follows ? Math.min(latest, at + random.between(0, 400 * MILLI)) : random.between(200 * MILLI, latest);
            machine = follows && random.chance(0.5) ? machine : 1 + random.nextInt(setup.nodes());
            // Each kind once at least; then any.
            Fault.Kind kind = number < chosen.size() ? chosen.get(number) : random.pick(chosen);
            faults.add(fault(setup, number, kind, at, machine));
        }
        return faults;
    }

    /** Up to two minutes in the runs that last so long; there half of them linger. */
    private long duration() {
        if (!minutes) {
            return random.betweenByMagnitude(20, 3_000);
        }
        return random.chance(0.5) ? random.between(30_000, 120_000) : random.betweenByMagnitude(300, 60_000);
    }

    /** A node notices an old identity by its own record: that must not be made again from the others' meanwhile. */
    private static boolean hidesTheOther(Fault.Kind kind, List<Fault.Kind> chosen) {
        return kind == Fault.Kind.IDENTITY_ROLLED_BACK && chosen.contains(Fault.Kind.DAMAGED_RECORD)
                || kind == Fault.Kind.DAMAGED_RECORD && chosen.contains(Fault.Kind.IDENTITY_ROLLED_BACK);
    }

    private Fault fault(Setup setup, int number, Fault.Kind kind, long at, int machine) {
        return new Fault(
                number,
                kind,
                at,
                duration() * MILLI,
                machine,
                1 + random.nextInt(setup.nodes()),
                (int) random.between(0, (1 << setup.nodes()) - 1),
                random.nextDouble(),
                random.nextInt(1 << 30));
    }
}
