package dev.quorate.simulation;

import dev.quorate.core.NodeConfig;
import dev.quorate.core.NodeCore;
import dev.quorate.core.NodeEnvironment;
import dev.quorate.core.NodeState;
import dev.quorate.core.antientropy.AntiEntropyConfig;
import dev.quorate.core.handoff.HandoffConfig;
import dev.quorate.core.membership.MembershipConfig;
import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.replication.Bucket;
import dev.quorate.core.replication.ReplicationConfig;
import dev.quorate.core.ring.KeyHasher;
import dev.quorate.core.ring.Member;
import dev.quorate.core.ring.NodeEntry;
import dev.quorate.core.ring.NodeStatus;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.ring.SlotTable;
import dev.quorate.core.ring.StagedChange;
import dev.quorate.core.storage.MerkleTree;
import dev.quorate.core.storage.Storage;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.WriteBatch;
import dev.quorate.core.topology.ChangeOutcome;
import dev.quorate.core.topology.Topology;
import dev.quorate.core.transfer.TransferConfig;
import dev.quorate.core.version.Actor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The machines of one run, what goes wrong with them, and the witness that looks inside. */
final class SimCluster implements SimNetwork.Host {
    static final int CLUSTER_NUMBER = 1;

    /** How long an operator waits for one answer. */
    private static final Duration OPERATOR_PATIENCE = Duration.ofSeconds(5);

    /** An outage that counts as long. */
    private static final long LONG_NANOS = 60_000_000_000L;

    private static final int MOST_FLAPS = 20;
    private static final long SHORTEST_FLAP = 10_000_000;
    private static final double HASTY = 0.05;

    /** Quick to begin, so that passes meet the next fault, and slow enough to last. */
    private static final HandoffConfig HANDOFF =
            new HandoffConfig(Duration.ofMillis(200), Duration.ofMillis(500), 1000, 1 << 20, 2, Duration.ofDays(30));

    /** Told when a process ends, after it has. */
    interface CrashListener {
        void crashed(SimProcess process);
    }

    /** A machine: what survives its processes. */
    private static final class Machine {
        private final int number;
        private final SimClock clock;
        private final SimRandom random;
        private SimDisk disk = new SimDisk();
        private @Nullable SimProcess process;
        private boolean lostData;
        /** Its disk was replaced by an older, or another, one since the last start. */
        private boolean diskReplaced;
        /** Images of the disk, by the number of the fault that will restore them. */
        private final Map<Integer, SimDisk> images = new TreeMap<>();
        /** The other of two disks that take turns. */
        private @Nullable SimDisk spare;
        /** Told to drain, which it may not have noticed yet. */
        private @Nullable SimProcess draining;
        /** Not to be started again by a fault that ends. */
        private boolean lost;

        private @Nullable Fault awaitsUnsynced;
        private @Nullable Fault awaitsAcknowledgement;
        private int deafToClients;
        private int muteToClients;

        Machine(int number, SimClock clock, SimRandom random) {
            this.number = number;
            this.clock = clock;
            this.random = random;
        }
    }

    private final SimWorld world;
    private final Setup setup;
    private final Subject subject;
    private final SimMetrics metrics;
    private final Situations situations;
    private final Witness witness;
    private final SimNetwork network;
    private final RingState genesis;
    private final AgreedRing ring;
    private final List<Violation> violations = new ArrayList<>();
    private final List<Bucket> buckets;
    private final ReplicationConfig replication;
    private final MembershipConfig membership;
    private final AntiEntropyConfig antiEntropy;
    private final TransferConfig transfer;
    private final Duration ringPatience;
    private final Bytes hashSeed;
    private final Bytes clusterKey;
    private final Machine[] machines;
    private final List<CrashListener> crashListeners = new ArrayList<>();
    private boolean healed;
    private long coldReads;
    private long barriersWaited;
    private int crashesThatLostData;

    SimCluster(SimWorld world, Plan plan, Subject subject, History history, SimMetrics metrics, Situations situations) {
        this.world = world;
        this.setup = plan.setup();
        this.subject = subject;
        this.metrics = metrics;
        this.situations = situations;
        this.hashSeed = bytes("hash seed", 16);
        this.clusterKey = bytes("cluster key", 32);
        this.genesis = genesis();
        this.ring = new AgreedRing(genesis, new KeyHasher(hashSeed), setup.n(), violations::add, this::removed);
        this.witness =
                new Witness(world, history, situations, setup.nodes(), setup.n() - 1, hashSeed, clusterKey, ring);
        this.network = new SimNetwork(world, this, setup, situations);
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
        this.antiEntropy = antiEntropy(!plan.changes().isEmpty());
        this.transfer = transfer();
        this.ringPatience = Duration.ofMillis(world.random("ring patience", 0).between(0, 3_000));
        this.machines = new Machine[setup.nodes() + 1];
        for (int number = 1; number <= setup.nodes(); number++) {
            SimRandom random = world.random("machine", number);
            long skew = setup.skewMillis() == 0 ? 0 : random.between(-setup.skewMillis(), setup.skewMillis());
            double rate = 1 + setup.drift() * (2 * random.nextDouble() - 1);
            machines[number] = new Machine(number, new SimClock(world, skew, rate), random);
        }
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
    private AntiEntropyConfig antiEntropy(boolean needed) {
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
    private TransferConfig transfer() {
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
    private RingState genesis() {
        List<Member> joining = new ArrayList<>();
        for (int number = setup.founders() + 1; number <= setup.nodes(); number++) {
            joining.add(member(number));
        }
        return RingState.of(table(), joining);
    }

    /** An operator has given a node up: whatever it alone has is lost, now and when it ends. */
    private void removed(NodeId node) {
        situations.happened(Situation.NODE_REPLACED);
        witness.removed(node, setup.n() - 1);
    }

    List<Violation> violations() {
        return violations;
    }

    AgreedRing ring() {
        return ring;
    }

    Witness witness() {
        return witness;
    }

    SimNetwork network() {
        return network;
    }

    /** Which peers each running node sends nothing to, and why: for people. */
    String unreachable() {
        StringBuilder text = new StringBuilder();
        for (int from = 1; from <= setup.nodes(); from++) {
            SimProcess process = machines[from].process;
            text.append(" n")
                    .append(from)
                    .append(process == null ? " down" : " " + process.core().state());
            for (int to = 1; process != null && to <= setup.nodes(); to++) {
                String because = to == from ? "" : process.core().unreachableBecause(new NodeId(to));
                text.append(because.isEmpty() ? "" : " (not n" + to + ": " + because + ")");
            }
        }
        return text.toString();
    }

    boolean exists(int number) {
        return number >= 1 && number <= setup.nodes();
    }

    /** By hand, in a story: the machine's process ends now, and everybody notices. */
    void kill(int number) {
        end(machines[number], 0, false);
    }

    /** By hand: a machine without a process starts one. */
    void revive(int number) {
        Machine machine = machines[number];
        if (machine.process == null) {
            start(machine, freshBoot(machine));
        }
    }

    /** By hand: a machine without a process loses all that was on its disk. */
    void wipe(int number) {
        Machine machine = machines[number];
        machine.disk = new SimDisk();
        machine.diskReplaced = true;
        witness.diskReplaced(number, machine.disk, 0);
    }

    /** Whether some running node still keeps something for another. */
    boolean hintsLeft() {
        for (int number = 1; number <= setup.nodes(); number++) {
            SimProcess process = machines[number].process;
            if (process != null && !process.storage().content(Table.HINTS).isEmpty()) {
                return true;
            }
        }
        return false;
    }

    /** What each running node holds, by its number. */
    Map<Integer, Map<Bytes, Bytes>> contents() {
        Map<Integer, Map<Bytes, Bytes>> contents = new TreeMap<>();
        for (int number = 1; number <= setup.nodes(); number++) {
            SimProcess process = machines[number].process;
            if (process != null) {
                contents.put(number, process.storage().content(Table.DATA));
            }
        }
        return contents;
    }

    boolean answersReads(NodeId owner, Key key) {
        SimProcess process = machines[owner.number()].process;
        return process != null && !process.core().isRecovering(ring.slot(key));
    }

    /** The row of a key, in preference order. */
    List<NodeId> owners(Key key) {
        return ring.owners(key);
    }

    boolean exchanges() {
        return antiEntropy.enabled();
    }

    /** Whether so many replies need somebody who knows of a node that was taken out (rules.md A18). */
    boolean isFenced(int replies) {
        return replies >= Math.min(setup.r(), setup.w());
    }

    int removedAmong(List<NodeId> nodes) {
        return (int)
                nodes.stream().filter(node -> !ring.isActive(node.number())).count();
    }

    /** I7: null when all owners are equal. */
    @Nullable
    String difference() {
        SortedMap<Integer, MerkleTree> trees = new TreeMap<>();
        for (int number : ring.activeMachines()) {
            SimProcess process = machines[number].process;
            if (process == null) {
                return "n" + number + " is down";
            }
            trees.put(number, process.core().hashTree());
        }
        return witness.difference(ring.table(), trees);
    }

    /** How long replicas may differ after the last write. */
    long convergesWithinNanos() {
        return 20 * antiEntropy.interval().toNanos() + 5_000_000_000L;
    }

    /** Longer than it takes every node to compare itself with every other once. */
    long roundNanos() {
        return 2 * antiEntropy.interval().toNanos();
    }

    long coldReads() {
        return coldReads;
    }

    long barriersWaited() {
        return barriersWaited;
    }

    int crashesThatLostData() {
        return crashesThatLostData;
    }

    void onCrash(CrashListener listener) {
        crashListeners.add(listener);
    }

    @Override
    public @Nullable SimProcess process(int machine) {
        return machines[machine].process;
    }

    /** Whether a client's request reaches the machine now. */
    boolean hearsClients(int machine) {
        return machines[machine].deafToClients == 0;
    }

    /** Whether a machine's answer reaches its client now. */
    boolean reachesClients(int machine) {
        return machines[machine].muteToClients == 0;
    }

    void startAll() {
        for (int number = 1; number <= setup.nodes(); number++) {
            start(machines[number], SimBoots.fresh(machines[number].disk, machines[number].random));
        }
    }

    private void start(Machine machine, long freshBoot) {
        witness.restarting(machine.number, machine.disk);
        int lane = machine.number;
        SimEventLoop loop = new SimEventLoop(world, machine.clock, lane);
        Subject.Start begins = new Subject.Start(
                machine.number, machine.disk.boot(), freshBoot, machine.lostData, machine.diskReplaced);
        long boot = subject.boot(begins);
        SimBoots boots = new SimBoots(world, loop, machine.disk, machine.random, lane, boot);
        SimStorage.Character character =
                new SimStorage.Character(setup.syncNanos(), setup.coldReads(), setup.coldNanos());
        SimStorage storage = new SimStorage(
                world, loop, machine.disk, machine.random, character, lane, batch -> committing(machine, batch));
        SimProcess process =
                new SimProcess(machine.number, subject.identity(machine.number), boot, loop, storage, witness);
        machine.process = process;
        machine.lostData = false;
        machine.diskReplaced = false;
        NodeConfig config = new NodeConfig(
                process.identity(),
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
        NodeEnvironment environment = new NodeEnvironment(
                machine.clock,
                loop,
                machine.random,
                storage,
                network.transportOf(process),
                boots,
                metrics,
                witness.listener(process));
        NodeCore core = new NodeCore(config, environment, subject.rules(metrics), subject.registerRules());
        process.run(core);
        core.ring().onChange((before, now) -> ring.adopted(process.name(), now));
        loop.execute(() -> core.start().whenComplete((ready, failure) -> {
            if (failure != null && !storage.failed()) {
                world.defect(new IllegalStateException("n" + machine.number + " does not start", failure));
            }
        }));
        world.note(lane, 1_000_003L + boot);
        network.connect(process);
    }

    private void committing(Machine machine, WriteBatch batch) {
        SimProcess process = machine.process;
        if (process == null) {
            return;
        }
        witness.committing(process, batch);
        Fault fault = machine.awaitsUnsynced;
        if (fault != null) {
            machine.awaitsUnsynced = null;
            // Somewhere inside the sync that is about to begin.
            long delay = (long) (fault.intensity() * fault.intensity() * setup.syncNanos());
            world.after(delay, SimWorld.WORLD_LANE, SimWorld.Kind.FAULT, () -> losePower(machine, process, fault));
        }
    }

    private void losePower(Machine machine, SimProcess process, Fault fault) {
        if (healed || machine.process != process) {
            return;
        }
        if (!process.storage().hasUnsynced()) {
            machine.awaitsUnsynced = fault;
            return;
        }
        crash(machine, fault, fault.pick() % 3 == 0 ? (fault.pick() >> 8) % 101 / 100.0 : 0, freshBoot(machine));
    }

    /** A client's operation was answered by this process: the last moment before the client may learn of it. */
    boolean diesBeforeAnswering(SimProcess process, boolean acknowledgesWrite) {
        Machine machine = machines[process.machine()];
        Fault fault = machine.awaitsAcknowledgement;
        if (fault == null || !acknowledgesWrite || machine.process != process || healed) {
            return false;
        }
        machine.awaitsAcknowledgement = null;
        situations.happened(Situation.COORDINATOR_DIED_AFTER_W_ACKS);
        boolean before = fault.pick() % 2 == 0;
        // Not now: the answer is given in the middle of the core's work.
        after(0, () -> {
            if (machine.process == process) {
                crash(machine, fault, 0, freshBoot(machine));
            }
        });
        return before;
    }

    private long freshBoot(Machine machine) {
        return SimBoots.fresh(machine.disk, machine.random);
    }

    /** Ends the process; a later one starts with that boot number, unless the subject has other ideas. */
    private void crash(Machine machine, Fault fault, double keptShare, long nextBoot) {
        if (machine.process == null) {
            return;
        }
        end(machine, keptShare, fault.pick() % 5 == 0);
        if (fault.durationNanos() >= LONG_NANOS) {
            situations.happened(Situation.AWAY_FOR_A_MINUTE);
        }
        later(fault, () -> {
            if (machine.process == null && !machine.lost) {
                start(machine, nextBoot);
            }
        });
    }

    /** Ends the process; its peers notice soon, or only when keepalive does. */
    private void end(Machine machine, double keptShare, boolean silently) {
        SimProcess process = machine.process;
        if (process == null) {
            return;
        }
        if (!process.loop().dead()) {
            process.loop().die();
            countStorage(process);
        }
        boolean unsynced = process.storage().hasUnsynced();
        int lost = process.storage().crash(keptShare);
        if (lost > 0) {
            crashesThatLostData++;
            machine.lostData = true;
            situations.happened(Situation.CRASH_WITH_UNSYNCED_DATA);
        }
        if (unsynced && lost > 0 && keptShare > 0) {
            situations.happened(Situation.CRASH_KEPT_PART_OF_THE_TAIL);
        }
        machine.process = null;
        world.note(machine.number, 2_000_003L + lost);
        network.disconnect(process, silently);
        crashListeners.forEach(listener -> listener.crashed(process));
    }

    private void countStorage(SimProcess process) {
        coldReads += process.storage().coldReadCount();
        barriersWaited += process.storage().barriersWaitedCount();
    }

    /** Puts something that an operator does on the calendar. */
    void schedule(RingChange change) {
        world.at(change.atNanos(), SimWorld.WORLD_LANE, SimWorld.Kind.FAULT, () -> {
            SimProcess asked = machines[change.asked()].process;
            if (!healed && asked != null) {
                world.note(SimWorld.WORLD_LANE, 4_000_037L + change.kind().ordinal());
                asked.loop().run(() -> operate(asked.core().topology(), change));
            }
        });
    }

    private void operate(Topology topology, RingChange change) {
        NodeId node = new NodeId(change.machine());
        switch (change.kind()) {
            case JOIN -> stage(topology, node, new StagedChange.Join());
            case LEAVE -> stage(topology, node, new StagedChange.Leave());
            case REPLACE -> {
                boolean byOne = change.amount() < 0.5 && change.other() != change.machine();
                // Whom nobody reaches looks the same whether it lives or not.
                stage(topology, node, new StagedChange.Replace(byOne ? new NodeId(change.other()) : null, false));
            }
            case WEIGHT -> stage(topology, node, new StagedChange.Weight(0.5 + 3 * change.amount()));
            case CANCEL -> topology.cancelAll(OPERATOR_PATIENCE, this::happened);
            case SPLIT -> topology.split(OPERATOR_PATIENCE, this::happened);
            case PAUSE -> {
                topology.pause(true, OPERATOR_PATIENCE, this::happened);
                after((long) (change.amount() * 3_000_000_000L), this::resumeTransfers);
            }
        }
    }

    private void stage(Topology topology, NodeId node, StagedChange change) {
        topology.stage(
                node,
                change,
                OPERATOR_PATIENCE,
                staged -> staged.match(
                        committed -> {
                            commit(topology);
                            return true;
                        },
                        rejected -> true,
                        unknown -> true));
    }

    private void commit(Topology topology) {
        topology.plan(slot -> 1, 1)
                .match(
                        plan -> {
                            topology.commit(plan.planId(), OPERATOR_PATIENCE, this::happened);
                            return true;
                        },
                        rejected -> true);
    }

    private void happened(ChangeOutcome outcome) {
        outcome.match(
                committed -> {
                    situations.happened(Situation.RING_CHANGED);
                    return true;
                },
                rejected -> true,
                unknown -> true);
    }

    /** Somebody lets hand-overs go on. */
    private void resumeTransfers() {
        for (int number : ring.activeMachines()) {
            SimProcess process = machines[number].process;
            if (process != null && process.core().state() == NodeState.READY) {
                process.loop().run(() -> process.core().topology().pause(false, OPERATOR_PATIENCE, done -> {}));
                return;
            }
        }
    }

    /** Null when nothing moves any more, everybody uses the same ring, and all that had to be cleared away is gone. */
    @Nullable
    String unrest() {
        RingState agreed = ring.latest();
        if (agreed.paused()) {
            resumeTransfers();
            return "hand-overs are paused";
        }
        if (!agreed.moves().isEmpty()) {
            return agreed.moves().size() + " hand-overs have not ended, the first is "
                    + agreed.moves().get(0);
        }
        for (int number : ring.activeMachines()) {
            SimProcess process = machines[number].process;
            if (process == null
                    || process.core().ring().state() != agreed
                            && !process.core().ring().state().equals(agreed)) {
                return "n" + number + " does not use ring " + agreed.version();
            }
            if (!process.core().transfers().isIdle()) {
                return "n" + number + " has not cleared away what is another's";
            }
            NodeEntry entry = agreed.node(new NodeId(number));
            if (entry != null
                    && entry.status() == NodeStatus.DRAINING
                    && agreed.table().slotsOf(entry.id()) == 0) {
                return "n" + number + " has nothing left to give and has not left";
            }
        }
        return null;
    }

    /** Puts a fault on the calendar. */
    void schedule(Fault fault) {
        if (fault.kind() == Fault.Kind.RESTORED_IMAGE) {
            // Mostly old, now and then of a moment ago.
            long takenAt = (long) (fault.atNanos() * (1 - fault.intensity() * fault.intensity()));
            world.at(takenAt, SimWorld.WORLD_LANE, SimWorld.Kind.FAULT, () -> {
                Machine machine = machines[fault.machine()];
                machine.images.put(fault.number(), machine.disk.copy());
            });
        }
        world.at(fault.atNanos(), SimWorld.WORLD_LANE, SimWorld.Kind.FAULT, () -> {
            if (!healed) {
                strike(fault);
            }
        });
    }

    private void later(Fault fault, Runnable end) {
        after(fault.durationNanos(), end);
    }

    /** Healing ends every fault: what would have ended one later must not meddle with what comes then. */
    private void after(long delayNanos, Runnable step) {
        world.after(delayNanos, SimWorld.WORLD_LANE, SimWorld.Kind.FAULT, () -> {
            if (!healed) {
                step.run();
            }
        });
    }

    private void strike(Fault fault) {
        world.note(SimWorld.WORLD_LANE, 3_000_017L + fault.kind().ordinal());
        Machine machine = machines[fault.machine()];
        SimProcess process = machine.process;
        switch (fault.kind()) {
            case CRASH -> crash(machine, fault, fault.intensity(), freshBoot(machine));
            case GRACEFUL_RESTART -> restart(machine, fault);
            case POWER_LOSS -> machine.awaitsUnsynced = fault;
            case COORDINATOR_CRASH -> machine.awaitsAcknowledgement = fault;
            case PAUSE -> pause(process, fault);
            case PARTITION -> cut(fault, Partition.halves(fault, setup.nodes()));
            case ONE_WAY_PARTITION -> cut(fault, Partition.oneWay(fault, setup.nodes()));
            case BRIDGE_PARTITION -> cut(fault, Partition.bridge(fault, setup.nodes()));
            case RING_PARTITION -> cut(fault, Partition.ring(fault, setup.nodes()));
            case FLAPPING -> flap(fault);
            case SWIZZLE_CLOG -> swizzle(fault);
            case RESTORED_IMAGE -> restore(machine, fault);
            case SWAPPED_DISKS -> swapDisks(machine, fault);
            case WIPED_DISK -> startOn(machine, new SimDisk(), fault);
            case LINK_BREAK -> {
                network.breakIfUp(fault.machine(), fault.other());
                network.breakIfUp(fault.other(), fault.machine());
            }
            case APPLIED_BUT_REPORTED_FAILED -> failDeliveries(fault);
            case LOSS ->
                everyDirection(fault, (from, to, on) -> network.loss(from, to, on ? 0.3 * fault.intensity() : 0));
            case DUPLICATION ->
                everyDirection(fault, (from, to, on) -> network.duplicates(from, to, on ? 0.5 * fault.intensity() : 0));
            case DELAY ->
                everyDirection(
                        fault,
                        (from, to, on) ->
                                network.slowness(from, to, on ? 1 + 200 * fault.intensity() * fault.intensity() : 1));
            case SLOW_DISK -> slowDisk(process, fault);
            case WRITES_REFUSED -> refuseWrites(process, fault);
            case LOG_FAILURE -> failLog(machine, fault);
            case DAMAGED_RECORD -> damage(process, fault);
            case CLOCK_JUMP ->
                machine.clock.jump(
                        (fault.pick() % 2 == 0 ? 1 : -1) * (long) (fault.intensity() * fault.intensity() * 3_600_000));
            case CLIENT_CUT -> cutClients(machine, fault);
            case IDENTITY_ROLLED_BACK -> rollBack(machine, fault);
        }
    }

    private void restart(Machine machine, Fault fault) {
        SimProcess process = machine.process;
        if (process == null) {
            return;
        }
        process.loop().run(process.core()::drain);
        machine.draining = process;
        later(fault, () -> {
            if (machine.process == process) {
                stop(process);
                crash(machine, fault, 1, freshBoot(machine));
            }
        });
    }

    private void stop(SimProcess process) {
        process.loop().die();
        countStorage(process);
        process.storage().close();
    }

    private void pause(@Nullable SimProcess process, Fault fault) {
        if (process == null || process.loop().paused()) {
            return;
        }
        if (process.core().operationsInFlight() > 0) {
            situations.happened(Situation.PAUSED_WITH_WORK);
        }
        if (fault.durationNanos() >= LONG_NANOS) {
            situations.happened(Situation.PAUSED_FOR_A_MINUTE);
        }
        process.loop().pause();
        later(fault, () -> resume(process));
    }

    private static void resume(SimProcess process) {
        if (process.loop().paused() && !process.loop().dead()) {
            process.loop().resume();
        }
    }

    private void cut(Fault fault, List<Partition.Cut> cuts) {
        set(cuts, true);
        if (fault.durationNanos() >= LONG_NANOS) {
            situations.happened(Situation.CUT_FOR_A_MINUTE);
        }
        later(fault, () -> set(cuts, false));
    }

    private void set(List<Partition.Cut> cuts, boolean cut) {
        cuts.forEach(each -> network.cut(each.from(), each.to(), cut));
    }

    /** On and off, the last time off. */
    private void flap(Fault fault) {
        List<Partition.Cut> cuts = Partition.around(List.of(fault.machine()), setup.nodes());
        int times = 2 + fault.pick() % (2 * MOST_FLAPS);
        long period = Math.max(SHORTEST_FLAP, fault.durationNanos() / times);
        for (int time = 0; time < times; time++) {
            boolean cut = time % 2 == 0;
            after(time * period, () -> set(cuts, cut));
        }
        after(times * period, () -> set(cuts, false));
    }

    /** One machine after the other is cut off, and later heard again in another order. */
    private void swizzle(Fault fault) {
        List<Integer> victims = Partition.shuffled(fault, setup.nodes());
        victims.removeIf(victim -> victim != fault.machine() && (fault.side() >> (victim - 1) & 1) == 0);
        List<Integer> clogged = new ArrayList<>();
        long gap = fault.durationNanos() / (2L * victims.size());
        for (int i = 0; i < victims.size(); i++) {
            Integer victim = victims.get(i);
            after(i * gap, () -> {
                clogged.add(victim);
                set(Partition.around(List.of(victim), setup.nodes()), true);
            });
            Integer released = victims.get(Math.floorMod(i * 3 + fault.pick(), victims.size()));
            after((victims.size() + i) * gap, () -> {
                clogged.remove(released);
                set(Partition.around(List.of(released), setup.nodes()), false);
                set(Partition.around(clogged, setup.nodes()), true);
            });
        }
        later(fault, () -> set(Partition.around(victims, setup.nodes()), false));
    }

    private void restore(Machine machine, Fault fault) {
        SimDisk image = machine.images.get(fault.number());
        if (image != null) {
            startOn(machine, image.copy(), fault);
        }
    }

    private void swapDisks(Machine machine, Fault fault) {
        SimDisk other = machine.spare;
        SimDisk aside = machine.disk;
        if (machine.process != null) {
            startOn(machine, other == null ? aside.copy() : other, fault);
            machine.spare = aside;
        }
    }

    /** The process ends, and the next one finds that disk. What only the former disk held is gone with it. */
    private void startOn(Machine machine, SimDisk disk, Fault fault) {
        SimProcess process = machine.process;
        if (process == null) {
            return;
        }
        stop(process);
        machine.disk = disk;
        machine.diskReplaced = true;
        // A node that finds nothing hears all others of a row out; one that finds something old does not know it
        // (rules.md A7).
        boolean empty = disk.table(Table.META).isEmpty();
        if (witness.diskReplaced(machine.number, disk, empty && antiEntropy.enabled() ? setup.n() - 1 : 0)) {
            situations.happened(Situation.OLD_DISK_CAME_BACK);
        }
        crash(machine, fault, 1, freshBoot(machine));
    }

    private void failDeliveries(Fault fault) {
        for (int to = 1; to <= setup.nodes(); to++) {
            network.failAfterNextDelivery(fault.machine(), to);
        }
    }

    private interface DirectionFault {
        void set(int from, int to, boolean on);
    }

    /** All directions, or those of one machine. */
    private void everyDirection(Fault fault, DirectionFault effect) {
        boolean all = fault.pick() % 2 == 0;
        List<Partition.Cut> pairs = Partition.around(
                all ? Partition.shuffled(fault, setup.nodes()) : List.of(fault.machine()), setup.nodes());
        pairs.forEach(pair -> effect.set(pair.from(), pair.to(), true));
        later(fault, () -> pairs.forEach(pair -> effect.set(pair.from(), pair.to(), false)));
    }

    private void slowDisk(@Nullable SimProcess process, Fault fault) {
        if (process != null) {
            process.storage().slowness(1 + 60 * fault.intensity());
            later(fault, () -> process.storage().slowness(1));
        }
    }

    private void refuseWrites(@Nullable SimProcess process, Fault fault) {
        if (process != null) {
            process.storage()
                    .pressure(fault.pick() % 2 == 0 ? Storage.Refusal.OVERLOADED : Storage.Refusal.STORAGE_FULL);
            later(fault, () -> process.storage().pressure(null));
        }
    }

    private void failLog(Machine machine, Fault fault) {
        SimProcess process = machine.process;
        if (process != null) {
            process.loop().run(process.storage()::fail);
            crash(machine, fault, fault.intensity(), freshBoot(machine));
        }
    }

    private void damage(@Nullable SimProcess process, Fault fault) {
        if (process != null) {
            Key key = SimClient.key(fault.pick() % setup.keys());
            process.storage().damage(witness.storageKey(key));
            later(fault, () -> process.storage().undamage());
        }
    }

    private void cutClients(Machine machine, Fault fault) {
        if (fault.pick() % 2 == 0) {
            machine.deafToClients++;
            later(fault, () -> machine.deafToClients--);
        } else {
            machine.muteToClients++;
            later(fault, () -> machine.muteToClients--);
        }
    }

    /** The disk is complete, only the identity is old: the node must notice by the dots that its records already know. */
    private void rollBack(Machine machine, Fault fault) {
        SimProcess process = machine.process;
        if (process == null) {
            return;
        }
        long fresh = freshBoot(machine);
        stop(process);
        Actor former = new Actor(CLUSTER_NUMBER, machine.number, machine.disk.boot());
        boolean noticed = witness.wouldNotice(machine.disk, former);
        crash(machine, fault, 1, noticed ? machine.disk.boot() : fresh);
    }

    /** All faults end, but some machines are lost: down, or heard by nobody. */
    void healAllBut(List<Integer> lost, boolean byCrash) {
        heal();
        for (int number : lost) {
            Machine machine = machines[number];
            machine.lost = true;
            if (byCrash) {
                end(machine, 0, false);
            } else {
                set(Partition.around(List.of(number), setup.nodes()), true);
            }
        }
    }

    /** All faults end. */
    void heal() {
        healed = true;
        network.heal();
        for (int number = 1; number <= setup.nodes(); number++) {
            Machine machine = machines[number];
            machine.awaitsUnsynced = null;
            machine.awaitsAcknowledgement = null;
            machine.lost = false;
            machine.deafToClients = 0;
            machine.muteToClients = 0;
            SimProcess process = machine.process;
            if (!ring.isActive(number)) {
                retire(machine);
            } else if (process == null) {
                start(machine, freshBoot(machine));
            } else if (machine.draining == process) {
                stop(process);
                network.disconnect(process, false);
                start(machine, freshBoot(machine));
            } else {
                process.storage().slowness(1);
                process.storage().pressure(null);
                process.storage().undamage();
                resume(process);
            }
        }
    }

    /** Who is out of the ring is switched off in the end. What it still acknowledged meanwhile goes with it. */
    private void retire(Machine machine) {
        NodeId node = new NodeId(machine.number);
        NodeEntry entry = ring.latest().node(node);
        if (entry != null && entry.status() == NodeStatus.REMOVED) {
            witness.removed(node, setup.n() - 1);
        }
        machine.lost = true;
        end(machine, 0, false);
    }

    /** Those who have left meanwhile are switched off. */
    void retireTheGone() {
        for (int number = 1; number <= setup.nodes(); number++) {
            if (!ring.isActive(number) && machines[number].process != null) {
                retire(machines[number]);
            }
        }
    }

    /** At the end of the run. */
    void finish() {
        for (int number = 1; number <= setup.nodes(); number++) {
            SimProcess process = machines[number].process;
            if (process != null) {
                countStorage(process);
            }
        }
    }
}
