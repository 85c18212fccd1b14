package dev.quorate.cli.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** One row of what {@code bench cold} measures. */
record ColdPhase(State state, Keys keys, int inFlight) {
    enum State {
        /** Nothing of LMDB's file is in memory but what a few warm keys need. */
        COLD,
        /** All has been read once. */
        WARM
    }

    /** Which keys are asked for, each as often as any other. */
    enum Keys {
        STORED("GET"),
        ABSENT("GET of absent keys"),
        RECENT("GET of keys in memory tables");

        private final String text;

        Keys(String text) {
            this.text = text;
        }
    }

    boolean cold() {
        return state == State.COLD;
    }

    String text() {
        return (cold() ? "cold, " : "warm, ") + keys.text + ", " + inFlight + " in flight";
    }

    /** The cold ones first: from the first warm one on, all is in memory. */
    static List<ColdPhase> all(List<Integer> inFlight) {
        List<ColdPhase> phases = new ArrayList<>();
        int most = Collections.max(inFlight);
        for (State state : State.values()) {
            for (int users : inFlight) {
                phases.add(new ColdPhase(state, Keys.STORED, users));
            }
            phases.add(new ColdPhase(state, Keys.ABSENT, most));
        }
        // What no cache of records could beat.
        phases.add(new ColdPhase(State.WARM, Keys.RECENT, most));
        return phases;
    }
}
