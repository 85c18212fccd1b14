package dev.quorate.simulation;

import java.util.EnumMap;
import java.util.Map;

/** Counts situations. */
public final class Situations {
    private final EnumMap<Situation, Long> counts = new EnumMap<>(Situation.class);

    public Situations() {
        for (Situation situation : Situation.values()) {
            counts.put(situation, 0L);
        }
    }

    void happened(Situation situation) {
        add(situation, 1);
    }

    void add(Situation situation, long times) {
        counts.merge(situation, times, Long::sum);
    }

    void addAll(Situations others) {
        others.counts.forEach(this::add);
    }

    public long count(Situation situation) {
        return counts.getOrDefault(situation, 0L);
    }

    /** Every situation, in the order of the enum. */
    public Map<Situation, Long> counts() {
        return new EnumMap<>(counts);
    }
}
