package dev.quorate.core.topology;

import dev.quorate.core.ring.RingState;

/**
 * A change to make to whatever the ring turns out to be. A function of that state alone: it may be asked several times, about several states,
 * of which at most the last comes true.
 */
@FunctionalInterface
interface Change {
    Step on(RingState ring);

    /** What the change makes of a state. */
    sealed interface Step {
        /** This is to be the next state. */
        record To(RingState next) implements Step {}

        /** It is so already. */
        record Done() implements Step {
            static final Done INSTANCE = new Done();
        }

        /** It cannot be made to this state. */
        record Not(Rejection rejection) implements Step {}
    }

    static Step not(Rejection.Reason reason) {
        return new Step.Not(Rejection.of(reason));
    }
}
