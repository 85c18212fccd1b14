package dev.quorate.simulation;

import java.util.ArrayList;
import java.util.List;

/** What goes wrong between machines. */
final class NetworkFaults {
    private static final int MOST_FLAPS = 20;
    private static final long SHORTEST_FLAP = 10_000_000;

    private interface DirectionFault {
        void set(int from, int to, boolean on);
    }

    private final int machines;
    private final ChaosCalendar calendar;
    private final SimNetwork network;
    private final Situations situations;

    NetworkFaults(int machines, ChaosCalendar calendar, SimNetwork network, Situations situations) {
        this.machines = machines;
        this.calendar = calendar;
        this.network = network;
        this.situations = situations;
    }

    void halves(Fault fault) {
        cut(fault, Partition.halves(fault, machines));
    }

    void oneWay(Fault fault) {
        cut(fault, Partition.oneWay(fault, machines));
    }

    void bridge(Fault fault) {
        cut(fault, Partition.bridge(fault, machines));
    }

    void ring(Fault fault) {
        cut(fault, Partition.ring(fault, machines));
    }

    /** Nobody hears that machine, nor it anybody, until the network heals. */
    void isolate(int machine) {
        set(Partition.around(List.of(machine), machines), true);
    }

    private void cut(Fault fault, List<Partition.Cut> cuts) {
        set(cuts, true);
        if (fault.durationNanos() >= Faults.LONG_NANOS) {
            situations.happened(Situation.CUT_FOR_A_MINUTE);
        }
        calendar.later(fault, () -> set(cuts, false));
    }

    private void set(List<Partition.Cut> cuts, boolean cut) {
        cuts.forEach(each -> network.cut(each.from(), each.to(), cut));
    }

    /** On and off, the last time off. */
    void flap(Fault fault) {
        List<Partition.Cut> cuts = Partition.around(List.of(fault.machine()), machines);
        int times = 2 + fault.pick() % (2 * MOST_FLAPS);
        long period = Math.max(SHORTEST_FLAP, fault.durationNanos() / times);
        for (int time = 0; time < times; time++) {
            boolean cut = time % 2 == 0;
            calendar.after(time * period, () -> set(cuts, cut));
        }
        calendar.after(times * period, () -> set(cuts, false));
    }

    /** One machine after the other is cut off, and later heard again in another order. */
    void swizzle(Fault fault) {
        List<Integer> victims = Partition.shuffled(fault, machines);
        victims.removeIf(victim -> victim != fault.machine() && (fault.side() >> (victim - 1) & 1) == 0);
        List<Integer> clogged = new ArrayList<>();
        long gap = fault.durationNanos() / (2L * victims.size());
        for (int i = 0; i < victims.size(); i++) {
            Integer victim = victims.get(i);
            calendar.after(i * gap, () -> {
                clogged.add(victim);
                set(Partition.around(List.of(victim), machines), true);
            });
            Integer released = victims.get(Math.floorMod(i * 3 + fault.pick(), victims.size()));
            calendar.after((victims.size() + i) * gap, () -> {
                clogged.remove(released);
                set(Partition.around(List.of(released), machines), false);
                set(Partition.around(clogged, machines), true);
            });
        }
        calendar.later(fault, () -> set(Partition.around(victims, machines), false));
    }

    void breakLinks(Fault fault) {
        network.breakIfUp(fault.machine(), fault.other());
        network.breakIfUp(fault.other(), fault.machine());
    }

    void failDeliveries(Fault fault) {
        for (int to = 1; to <= machines; to++) {
            network.failAfterNextDelivery(fault.machine(), to);
        }
    }

    void lose(Fault fault) {
        everyDirection(fault, (from, to, on) -> network.loss(from, to, on ? 0.3 * fault.intensity() : 0));
    }

    void duplicate(Fault fault) {
        everyDirection(fault, (from, to, on) -> network.duplicates(from, to, on ? 0.5 * fault.intensity() : 0));
    }

    void delay(Fault fault) {
        everyDirection(
                fault,
                (from, to, on) -> network.slowness(from, to, on ? 1 + 200 * fault.intensity() * fault.intensity() : 1));
    }

    /** All directions, or those of one machine. */
    private void everyDirection(Fault fault, DirectionFault effect) {
        boolean all = fault.pick() % 2 == 0;
        List<Partition.Cut> pairs =
                Partition.around(all ? Partition.shuffled(fault, machines) : List.of(fault.machine()), machines);
        pairs.forEach(pair -> effect.set(pair.from(), pair.to(), true));
        calendar.later(fault, () -> pairs.forEach(pair -> effect.set(pair.from(), pair.to(), false)));
    }
}
