package dev.quorate.simulation;

import dev.quorate.core.model.Key;
import dev.quorate.core.storage.Storage;
import dev.quorate.core.storage.Table;
import dev.quorate.core.version.Actor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Makes the faults of the plan happen, and ends them. Those of the network are carried out by {@link NetworkFaults}. */
final class Faults {
    /** An outage that counts as long. */
    static final long LONG_NANOS = 60_000_000_000L;

    /** What has been done to one machine. */
    private static final class Victim {
        private final SimMachine machine;
        /** Images of the disk, by the number of the fault that will restore them. */
        private final Map<Integer, SimDisk> images = new TreeMap<>();
        /** The other of two disks that take turns. */
        private @Nullable SimDisk spare;
        /** Told to drain, which it may not have noticed yet. */
        private @Nullable SimProcess draining;

        private @Nullable Fault awaitsUnsynced;
        private @Nullable Fault awaitsAcknowledgement;
        private int deafToClients;
        private int muteToClients;

        Victim(SimMachine machine) {
            this.machine = machine;
        }
    }

    private final SimWorld world;
    private final Setup setup;
    private final ChaosCalendar calendar;
    private final MachineRoom room;
    private final SimNetwork network;
    private final NetworkFaults networkFaults;
    private final AgreedRing ring;
    private final Witness witness;
    private final Situations situations;
    private final int consultedWhenEmpty;
    private final List<Victim> victims = new ArrayList<>();

    /** @param consultedWhenEmpty how many others a node that starts on an empty disk hears out before it answers reads */
    Faults(
            SimWorld world,
            Setup setup,
            ChaosCalendar calendar,
            MachineRoom room,
            SimNetwork network,
            AgreedRing ring,
            Witness witness,
            Situations situations,
            int consultedWhenEmpty) {
        this.world = world;
        this.setup = setup;
        this.calendar = calendar;
        this.room = room;
        this.network = network;
        this.networkFaults = new NetworkFaults(setup.nodes(), calendar, network, situations);
        this.ring = ring;
        this.witness = witness;
        this.situations = situations;
        this.consultedWhenEmpty = consultedWhenEmpty;
        room.machines().forEach(machine -> victims.add(new Victim(machine)));
    }

    private Victim victim(int machine) {
        return victims.get(machine - 1);
    }

    /** Whether a client's request reaches the machine now. */
    boolean hearsClients(int machine) {
        return victim(machine).deafToClients == 0;
    }

    /** Whether a machine's answer reaches its client now. */
    boolean reachesClients(int machine) {
        return victim(machine).muteToClients == 0;
    }

    /** Puts a fault on the calendar. */
    void schedule(Fault fault) {
        Victim victim = victim(fault.machine());
        if (fault.kind() == Fault.Kind.RESTORED_IMAGE) {
            // Mostly old, now and then of a moment ago.
            long takenAt = (long) (fault.atNanos() * (1 - fault.intensity() * fault.intensity()));
            calendar.at(
                    takenAt,
                    () -> victim.images.put(
                            fault.number(), victim.machine.disk().copy()));
        }
        calendar.at(fault.atNanos(), () -> strike(victim, fault));
    }

    private void strike(Victim victim, Fault fault) {
        world.note(SimWorld.WORLD_LANE, 3_000_017L + fault.kind().ordinal());
        SimMachine machine = victim.machine;
        SimProcess process = machine.process();
        switch (fault.kind()) {
            case CRASH -> crash(machine, fault, fault.intensity(), machine.freshBoot());
            case GRACEFUL_RESTART -> restart(victim, process, fault);
            case POWER_LOSS -> victim.awaitsUnsynced = fault;
            case COORDINATOR_CRASH -> victim.awaitsAcknowledgement = fault;
            case PAUSE -> pause(process, fault);
            case PARTITION -> networkFaults.halves(fault);
            case ONE_WAY_PARTITION -> networkFaults.oneWay(fault);
            case BRIDGE_PARTITION -> networkFaults.bridge(fault);
            case RING_PARTITION -> networkFaults.ring(fault);
            case FLAPPING -> networkFaults.flap(fault);
            case SWIZZLE_CLOG -> networkFaults.swizzle(fault);
            case RESTORED_IMAGE -> restore(victim, fault);
            case SWAPPED_DISKS -> swapDisks(victim, fault);
            case WIPED_DISK -> startOn(machine, new SimDisk(), fault);
            case LINK_BREAK -> networkFaults.breakLinks(fault);
            case APPLIED_BUT_REPORTED_FAILED -> networkFaults.failDeliveries(fault);
            case LOSS -> networkFaults.lose(fault);
            case DUPLICATION -> networkFaults.duplicate(fault);
            case DELAY -> networkFaults.delay(fault);
            case SLOW_DISK -> slowDisk(process, fault);
            case WRITES_REFUSED -> refuseWrites(process, fault);
            case LOG_FAILURE -> failLog(machine, fault);
            case DAMAGED_RECORD -> damage(process, fault);
            case CLOCK_JUMP ->
                machine.clock()
                        .jump((fault.pick() % 2 == 0 ? 1 : -1)
                                * (long) (fault.intensity() * fault.intensity() * 3_600_000));
            case CLIENT_CUT -> cutClients(victim, fault);
            case IDENTITY_ROLLED_BACK -> rollBack(machine, fault);
        }
    }

    /** A batch is about to become visible: the moment that a power loss waits for. */
    void committing(SimMachine machine, SimProcess process) {
        Victim victim = victim(machine.number());
        Fault fault = victim.awaitsUnsynced;
        if (fault != null) {
            victim.awaitsUnsynced = null;
            // Somewhere inside the sync that is about to begin.
            long delay = (long) (fault.intensity() * fault.intensity() * setup.syncNanos());
            calendar.after(delay, () -> losePower(victim, process, fault));
        }
    }

    private void losePower(Victim victim, SimProcess process, Fault fault) {
        SimMachine machine = victim.machine;
        if (machine.process() != process) {
            return;
        }
        if (!process.storage().hasUnsynced()) {
            victim.awaitsUnsynced = fault;
            return;
        }
        crash(machine, fault, fault.pick() % 3 == 0 ? (fault.pick() >> 8) % 101 / 100.0 : 0, machine.freshBoot());
    }

    /** A client's operation was answered by this process: the last moment before the client may learn of it. */
    boolean diesBeforeAnswering(SimProcess process, boolean acknowledgesWrite) {
        Victim victim = victim(process.machine());
        SimMachine machine = victim.machine;
        Fault fault = victim.awaitsAcknowledgement;
        if (fault == null || !acknowledgesWrite || machine.process() != process || calendar.isHealed()) {
            return false;
        }
        victim.awaitsAcknowledgement = null;
        situations.happened(Situation.COORDINATOR_DIED_AFTER_W_ACKS);
        boolean before = fault.pick() % 2 == 0;
        // Not now: the answer is given in the middle of the core's work.
        calendar.after(0, () -> {
            if (machine.process() == process) {
                crash(machine, fault, 0, machine.freshBoot());
            }
        });
        return before;
    }

    /** Ends the process; a later one starts with that boot number, unless the subject has other ideas. */
    private void crash(SimMachine machine, Fault fault, double keptShare, long nextBoot) {
        if (machine.process() == null) {
            return;
        }
        room.end(machine, keptShare, fault.pick() % 5 == 0);
        if (fault.durationNanos() >= LONG_NANOS) {
            situations.happened(Situation.AWAY_FOR_A_MINUTE);
        }
        calendar.later(fault, () -> {
            if (machine.process() == null && !machine.isLost()) {
                room.start(machine, nextBoot);
            }
        });
    }

    private void restart(Victim victim, @Nullable SimProcess process, Fault fault) {
        if (process == null) {
            return;
        }
        process.loop().run(process.core()::drain);
        victim.draining = process;
        calendar.later(fault, () -> {
            if (victim.machine.process() == process) {
                room.stop(process);
                crash(victim.machine, fault, 1, victim.machine.freshBoot());
            }
        });
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
        calendar.later(fault, () -> resume(process));
    }

    private static void resume(SimProcess process) {
        if (process.loop().paused() && !process.loop().dead()) {
            process.loop().resume();
        }
    }

    private void restore(Victim victim, Fault fault) {
        SimDisk image = victim.images.get(fault.number());
        if (image != null) {
            startOn(victim.machine, image.copy(), fault);
        }
    }

    private void swapDisks(Victim victim, Fault fault) {
        SimMachine machine = victim.machine;
        SimDisk other = victim.spare;
        SimDisk aside = machine.disk();
        if (machine.process() != null) {
            startOn(machine, other == null ? aside.copy() : other, fault);
            victim.spare = aside;
        }
    }

    /** The process ends, and the next one finds that disk. What only the former disk held is gone with it. */
    private void startOn(SimMachine machine, SimDisk disk, Fault fault) {
        SimProcess process = machine.process();
        if (process == null) {
            return;
        }
        room.stop(process);
        // A node that finds nothing hears all others of a row out; one that finds something old does not know it
        // (rules.md A7).
        boolean empty = disk.table(Table.META).isEmpty();
        if (room.replaceDisk(machine, disk, empty ? consultedWhenEmpty : 0)) {
            situations.happened(Situation.OLD_DISK_CAME_BACK);
        }
        crash(machine, fault, 1, machine.freshBoot());
    }

    private void slowDisk(@Nullable SimProcess process, Fault fault) {
        if (process != null) {
            process.storage().slowness(1 + 60 * fault.intensity());
            calendar.later(fault, () -> process.storage().slowness(1));
        }
    }

    private void refuseWrites(@Nullable SimProcess process, Fault fault) {
        if (process != null) {
            process.storage()
                    .pressure(fault.pick() % 2 == 0 ? Storage.Refusal.OVERLOADED : Storage.Refusal.STORAGE_FULL);
            calendar.later(fault, () -> process.storage().pressure(null));
        }
    }

    private void failLog(SimMachine machine, Fault fault) {
        SimProcess process = machine.process();
        if (process != null) {
            process.loop().run(process.storage()::fail);
            crash(machine, fault, fault.intensity(), machine.freshBoot());
        }
    }

    private void damage(@Nullable SimProcess process, Fault fault) {
        if (process != null) {
            Key key = SimClient.key(fault.pick() % setup.keys());
            process.storage().damage(witness.storageKey(key));
            calendar.later(fault, () -> process.storage().undamage());
        }
    }

    private void cutClients(Victim victim, Fault fault) {
        if (fault.pick() % 2 == 0) {
            victim.deafToClients++;
            calendar.later(fault, () -> victim.deafToClients--);
        } else {
            victim.muteToClients++;
            calendar.later(fault, () -> victim.muteToClients--);
        }
    }

    /** The disk is complete, only the identity is old: the node must notice by the dots that its records already know. */
    private void rollBack(SimMachine machine, Fault fault) {
        SimProcess process = machine.process();
        if (process == null) {
            return;
        }
        long fresh = machine.freshBoot();
        room.stop(process);
        Actor former = new Actor(
                NodeSettings.CLUSTER_NUMBER, machine.number(), machine.disk().boot());
        boolean noticed = witness.wouldNotice(machine.disk(), former);
        crash(machine, fault, 1, noticed ? machine.disk().boot() : fresh);
    }

    /** All faults end, but some machines are lost: down, or heard by nobody. */
    void healAllBut(List<Integer> lost, boolean byCrash) {
        heal();
        for (int number : lost) {
            SimMachine machine = room.machine(number);
            machine.lost(true);
            if (byCrash) {
                room.end(machine, 0, false);
            } else {
                networkFaults.isolate(number);
            }
        }
    }

    /** All faults end. */
    void heal() {
        calendar.heal();
        network.heal();
        for (Victim victim : victims) {
            victim.awaitsUnsynced = null;
            victim.awaitsAcknowledgement = null;
            victim.deafToClients = 0;
            victim.muteToClients = 0;
            SimMachine machine = victim.machine;
            machine.lost(false);
            SimProcess process = machine.process();
            if (!ring.isActive(machine.number())) {
                room.retire(machine);
            } else if (process == null) {
                room.start(machine);
            } else if (victim.draining == process) {
                room.stop(process);
                network.disconnect(process, false);
                room.start(machine);
            } else {
                process.storage().slowness(1);
                process.storage().pressure(null);
                process.storage().undamage();
                resume(process);
            }
        }
    }
}
