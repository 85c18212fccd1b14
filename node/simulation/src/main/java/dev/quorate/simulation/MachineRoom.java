package dev.quorate.simulation;

import dev.quorate.core.NodeCore;
import dev.quorate.core.NodeEnvironment;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.ring.NodeEntry;
import dev.quorate.core.ring.NodeStatus;
import dev.quorate.core.storage.WriteBatch;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The machines of one run: starts a process on one, and ends it. Says nothing of why. */
final class MachineRoom {
    /** Told when a process ends, after it has. */
    interface CrashListener {
        void crashed(SimProcess process);
    }

    /** Told of every batch before it becomes visible. */
    interface CommitListener {
        void committing(SimMachine machine, SimProcess process, WriteBatch batch);
    }

    private final SimWorld world;
    private final Setup setup;
    private final NodeSettings settings;
    private final Subject subject;
    private final SimNetwork network;
    private final AgreedRing ring;
    private final Witness witness;
    private final SimMetrics metrics;
    private final Situations situations;
    private final CommitListener commits;
    private final List<SimMachine> machines = new ArrayList<>();
    private final List<CrashListener> crashListeners = new ArrayList<>();
    private long coldReads;
    private long barriersWaited;
    private int crashesThatLostData;

    MachineRoom(
            SimWorld world,
            Setup setup,
            NodeSettings settings,
            Subject subject,
            SimNetwork network,
            AgreedRing ring,
            Witness witness,
            SimMetrics metrics,
            Situations situations,
            CommitListener commits) {
        this.world = world;
        this.setup = setup;
        this.settings = settings;
        this.subject = subject;
        this.network = network;
        this.ring = ring;
        this.witness = witness;
        this.metrics = metrics;
        this.situations = situations;
        this.commits = commits;
        for (int number = 1; number <= setup.nodes(); number++) {
            SimRandom random = world.random("machine", number);
            long skew = setup.skewMillis() == 0 ? 0 : random.between(-setup.skewMillis(), setup.skewMillis());
            double rate = 1 + setup.drift() * (2 * random.nextDouble() - 1);
            machines.add(new SimMachine(number, new SimClock(world, skew, rate), random));
        }
    }

    /** By number, ascending. */
    List<SimMachine> machines() {
        return Collections.unmodifiableList(machines);
    }

    SimMachine machine(int number) {
        return machines.get(number - 1);
    }

    /** What runs on that machine; null while nothing does. */
    @Nullable
    SimProcess process(int number) {
        return machine(number).process();
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

    /** Starts a process under a boot number that was never used before. */
    void start(SimMachine machine) {
        start(machine, machine.freshBoot());
    }

    /** @param freshBoot the boot number, unless the subject has other ideas */
    void start(SimMachine machine, long freshBoot) {
        witness.restarting(machine.number(), machine.disk());
        int lane = machine.number();
        SimEventLoop loop = new SimEventLoop(world, machine.clock(), lane);
        long boot = subject.boot(machine.begins(freshBoot));
        SimBoots boots = new SimBoots(world, loop, machine.disk(), machine.random(), lane, boot);
        SimStorage.Character character =
                new SimStorage.Character(setup.syncNanos(), setup.coldReads(), setup.coldNanos());
        SimStorage storage = new SimStorage(
                world, loop, machine.disk(), machine.random(), character, lane, batch -> committing(machine, batch));
        SimProcess process =
                new SimProcess(machine.number(), subject.identity(machine.number()), boot, loop, storage, witness);
        machine.started(process);
        NodeEnvironment environment = new NodeEnvironment(
                machine.clock(),
                loop,
                machine.random(),
                storage,
                network.transportOf(process),
                boots,
                metrics,
                witness.listener(process));
        NodeCore core = new NodeCore(
                settings.of(process.identity()), environment, subject.rules(metrics), subject.registerRules());
        process.run(core);
        core.ring().onChange((before, now) -> ring.adopted(process.name(), now));
        loop.execute(() -> core.start().whenComplete((ready, failure) -> {
            if (failure != null && !storage.failed()) {
                world.defect(new IllegalStateException("n" + machine.number() + " does not start", failure));
            }
        }));
        world.note(lane, 1_000_003L + boot);
        network.connect(process);
    }

    private void committing(SimMachine machine, WriteBatch batch) {
        SimProcess process = machine.process();
        if (process != null) {
            commits.committing(machine, process, batch);
        }
    }

    /** In good order, as far as the process goes; it is the machine's until it {@link #end ends} or another starts. */
    void stop(SimProcess process) {
        process.loop().die();
        countStorage(process);
        process.storage().close();
    }

    /** Ends the process; its peers notice soon, or only when keepalive does. */
    void end(SimMachine machine, double keptShare, boolean silently) {
        SimProcess process = machine.process();
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
            situations.happened(Situation.CRASH_WITH_UNSYNCED_DATA);
        }
        if (unsynced && lost > 0 && keptShare > 0) {
            situations.happened(Situation.CRASH_KEPT_PART_OF_THE_TAIL);
        }
        machine.ended(lost > 0);
        world.note(machine.number(), 2_000_003L + lost);
        network.disconnect(process, silently);
        crashListeners.forEach(listener -> listener.crashed(process));
    }

    /**
     * The machine's next process finds that disk. What only the former disk held is gone with it.
     *
     * @param consulted how many others the node hears out before it answers reads again
     * @return whether something was lost that the machine had acknowledged
     */
    boolean replaceDisk(SimMachine machine, SimDisk disk, int consulted) {
        machine.replaceDisk(disk);
        return witness.diskReplaced(machine.number(), disk, consulted);
    }

    /** Who is out of the ring is switched off in the end. What it still acknowledged meanwhile goes with it. */
    void retire(SimMachine machine) {
        NodeId node = new NodeId(machine.number());
        NodeEntry entry = ring.latest().node(node);
        if (entry != null && entry.status() == NodeStatus.REMOVED) {
            witness.removed(node, setup.n() - 1);
        }
        machine.lost(true);
        end(machine, 0, false);
    }

    /** Those who have left meanwhile are switched off. */
    void retireTheGone() {
        for (SimMachine machine : machines) {
            if (!ring.isActive(machine.number()) && machine.process() != null) {
                retire(machine);
            }
        }
    }

    /** At the end of the run: what those that still run have counted. */
    void finish() {
        for (SimMachine machine : machines) {
            SimProcess process = machine.process();
            if (process != null) {
                countStorage(process);
            }
        }
    }

    private void countStorage(SimProcess process) {
        coldReads += process.storage().coldReadCount();
        barriersWaited += process.storage().barriersWaitedCount();
    }
}
