package dev.quorate.simulation;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.ring.KeyHasher;
import dev.quorate.core.storage.MerkleTree;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.WriteBatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The cluster of one run, as clients and the phases of the run see it. Brings together its machines, what goes wrong with them, who
 * changes the ring, and the witness that looks inside.
 */
final class SimCluster implements SimNetwork.Host {
    private final Setup setup;
    private final NodeSettings settings;
    private final AgreedRing ring;
    private final Witness witness;
    private final SimNetwork network;
    private final MachineRoom room;
    private final Faults faults;
    private final SimOperator operator;
    private final Situations situations;
    private final List<Violation> violations = new ArrayList<>();

    SimCluster(SimWorld world, Plan plan, Subject subject, History history, SimMetrics metrics, Situations situations) {
        this.setup = plan.setup();
        this.situations = situations;
        this.settings = new NodeSettings(world, plan);
        this.ring = new AgreedRing(
                settings.genesis(), new KeyHasher(settings.hashSeed()), setup.n(), violations::add, this::removed);
        this.witness = new Witness(
                world,
                history,
                situations,
                setup.nodes(),
                setup.n() - 1,
                settings.hashSeed(),
                settings.clusterKey(),
                ring);
        this.network = new SimNetwork(world, this, setup, situations);
        this.room = new MachineRoom(
                world, setup, settings, subject, network, ring, witness, metrics, situations, this::committing);
        ChaosCalendar calendar = new ChaosCalendar(world);
        this.faults = new Faults(
                world,
                setup,
                calendar,
                room,
                network,
                ring,
                witness,
                situations,
                settings.antiEntropy().enabled() ? setup.n() - 1 : 0);
        this.operator = new SimOperator(world, calendar, room, ring, situations);
    }

    /** An operator has given a node up: whatever it alone has is lost, now and when it ends. */
    private void removed(NodeId node) {
        situations.happened(Situation.NODE_REPLACED);
        witness.removed(node, setup.n() - 1);
    }

    private void committing(SimMachine machine, SimProcess process, WriteBatch batch) {
        witness.committing(process, batch);
        faults.committing(machine, process);
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
            SimProcess process = room.process(from);
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
        room.end(room.machine(number), 0, false);
    }

    /** By hand: a machine without a process starts one. */
    void revive(int number) {
        SimMachine machine = room.machine(number);
        if (machine.process() == null) {
            room.start(machine);
        }
    }

    /** By hand: a machine without a process loses all that was on its disk. */
    void wipe(int number) {
        room.replaceDisk(room.machine(number), new SimDisk(), 0);
    }

    /** Whether some running node still keeps something for another. */
    boolean hintsLeft() {
        for (int number = 1; number <= setup.nodes(); number++) {
            SimProcess process = room.process(number);
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
            SimProcess process = room.process(number);
            if (process != null) {
                contents.put(number, process.storage().content(Table.DATA));
            }
        }
        return contents;
    }

    boolean answersReads(NodeId owner, Key key) {
        SimProcess process = room.process(owner.number());
        return process != null && !process.core().isRecovering(ring.slot(key));
    }

    /** The row of a key, in preference order. */
    List<NodeId> owners(Key key) {
        return ring.owners(key);
    }

    boolean exchanges() {
        return settings.antiEntropy().enabled();
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
            SimProcess process = room.process(number);
            if (process == null) {
                return "n" + number + " is down";
            }
            trees.put(number, process.core().hashTree());
        }
        return witness.difference(ring.table(), trees);
    }

    /** How long replicas may differ after the last write. */
    long convergesWithinNanos() {
        return 20 * settings.antiEntropy().interval().toNanos() + 5_000_000_000L;
    }

    /** Longer than it takes every node to compare itself with every other once. */
    long roundNanos() {
        return 2 * settings.antiEntropy().interval().toNanos();
    }

    long coldReads() {
        return room.coldReads();
    }

    long barriersWaited() {
        return room.barriersWaited();
    }

    int crashesThatLostData() {
        return room.crashesThatLostData();
    }

    void onCrash(MachineRoom.CrashListener listener) {
        room.onCrash(listener);
    }

    @Override
    public @Nullable SimProcess process(int machine) {
        return room.process(machine);
    }

    /** Whether a client's request reaches the machine now. */
    boolean hearsClients(int machine) {
        return faults.hearsClients(machine);
    }

    /** Whether a machine's answer reaches its client now. */
    boolean reachesClients(int machine) {
        return faults.reachesClients(machine);
    }

    /** A client's operation was answered by this process: the last moment before the client may learn of it. */
    boolean diesBeforeAnswering(SimProcess process, boolean acknowledgesWrite) {
        return faults.diesBeforeAnswering(process, acknowledgesWrite);
    }

    void startAll() {
        room.machines().forEach(room::start);
    }

    /** Puts something that an operator does on the calendar. */
    void schedule(RingChange change) {
        operator.schedule(change);
    }

    /** Puts a fault on the calendar. */
    void schedule(Fault fault) {
        faults.schedule(fault);
    }

    /** Null when nothing moves any more, everybody uses the same ring, and all that had to be cleared away is gone. */
    @Nullable
    String unrest() {
        return operator.unrest();
    }

    /** All faults end, but some machines are lost: down, or heard by nobody. */
    void healAllBut(List<Integer> lost, boolean byCrash) {
        faults.healAllBut(lost, byCrash);
    }

    /** All faults end. */
    void heal() {
        faults.heal();
    }

    /** Those who have left meanwhile are switched off. */
    void retireTheGone() {
        room.retireTheGone();
    }

    /** At the end of the run. */
    void finish() {
        room.finish();
    }
}
