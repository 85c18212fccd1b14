package dev.quorate.simulation;

import java.util.ArrayList;
import java.util.List;

/** Which directions between machines a fault cuts. */
final class Partition {
    /** What {@code from} sends does not reach {@code to}. */
    record Cut(int from, int to) {}

    private interface Separates {
        boolean cuts(int from, int to);
    }

    private Partition() {}

    /** Both directions between the victim's side and the other. */
    static List<Cut> halves(Fault fault, int machines) {
        return cuts(machines, (from, to) -> onSide(fault, from) != onSide(fault, to));
    }

    /** The victim's side is not heard by the other, but hears it. */
    static List<Cut> oneWay(Fault fault, int machines) {
        return cuts(machines, (from, to) -> onSide(fault, from) && !onSide(fault, to));
    }

    /** As {@link #halves}, but the victim stands on both sides. */
    static List<Cut> bridge(Fault fault, int machines) {
        int bridge = fault.machine();
        return cuts(machines, (from, to) -> from != bridge && to != bridge && inMask(fault, from) != inMask(fault, to));
    }

    /** All but neighbours in an order of the machines; on a small or odd ring all but those sent by the one before. */
    static List<Cut> ring(Fault fault, int machines) {
        List<Integer> order = shuffled(fault, machines);
        boolean oneWay = machines <= 3 || fault.pick() % 2 == 1;
        return cuts(machines, (from, to) -> {
            int apart = Math.floorMod(order.indexOf(to) - order.indexOf(from), machines);
            return apart != 1 && (oneWay || apart != machines - 1);
        });
    }

    /** Whatever goes to or comes from one of these. */
    static List<Cut> around(List<Integer> victims, int machines) {
        return cuts(machines, (from, to) -> victims.contains(from) || victims.contains(to));
    }

    /** All machines, in an order that the fault decides. */
    static List<Integer> shuffled(Fault fault, int machines) {
        SimRandom random = new SimRandom(fault.pick());
        List<Integer> order = new ArrayList<>();
        for (int machine = 1; machine <= machines; machine++) {
            order.add(random.nextInt(order.size() + 1), machine);
        }
        return order;
    }

    private static List<Cut> cuts(int machines, Separates separates) {
        List<Cut> cuts = new ArrayList<>();
        for (int from = 1; from <= machines; from++) {
            for (int to = 1; to <= machines; to++) {
                if (from != to && separates.cuts(from, to)) {
                    cuts.add(new Cut(from, to));
                }
            }
        }
        return cuts;
    }

    private static boolean onSide(Fault fault, int machine) {
        return machine == fault.machine() || inMask(fault, machine) && machine != fault.other();
    }

    private static boolean inMask(Fault fault, int machine) {
        return (fault.side() >> (machine - 1) & 1) == 1;
    }
}
