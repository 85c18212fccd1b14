package dev.quorate.core.transfer;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Handover;
import java.util.function.Consumer;

/** Makes another node hold all that this one holds of a slot. */
public interface SlotCopier {
    /** @param everyKey compares every record, not only where sums differ: finds those that cannot be read here */
    Copy copy(NodeId receiver, int slot, Handover handover, boolean everyKey, Consumer<Copied> done);

    /** A copy under way. */
    interface Copy {
        /** Records sent so far. */
        long keys();

        /** Bytes of records sent so far. */
        long bytes();

        /** Records that may differ and were not looked at. */
        long keysLeft();

        /** From the pace so far; -1 while there is none. */
        long millisLeft();

        /** Ends it; {@code done} is not told. */
        void cancel();
    }

    /** @param problem empty if the receiver holds, durably, all that this node held when the copy began */
    record Copied(String problem) {
        public boolean complete() {
            return problem.isEmpty();
        }
    }
}
