package dev.quorate.core.ring;

/** A committed state on its way to a node that lacks it. */
public sealed interface RingUpdate {
    RingVersion version();

    /** All of it. */
    record Full(RingState state) implements RingUpdate {
        @Override
        public RingVersion version() {
            return state.version();
        }
    }

    /** For a node that has a certain state before it. */
    record Changes(RingDelta delta) implements RingUpdate {
        @Override
        public RingVersion version() {
            return delta.version();
        }
    }
}
