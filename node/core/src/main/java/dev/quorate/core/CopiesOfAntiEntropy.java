package dev.quorate.core;

import dev.quorate.core.antientropy.AntiEntropy;
import dev.quorate.core.antientropy.SlotCopy;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Handover;
import dev.quorate.core.transfer.SlotCopier;
import java.util.function.Consumer;

/** Lets hand-overs copy slots as anti-entropy does. */
final class CopiesOfAntiEntropy implements SlotCopier {
    private final AntiEntropy antiEntropy;

    CopiesOfAntiEntropy(AntiEntropy antiEntropy) {
        this.antiEntropy = antiEntropy;
    }

    @Override
    public Copy copy(NodeId receiver, int slot, Handover handover, boolean everyKey, Consumer<Copied> done) {
        SlotCopy copy = antiEntropy.copySlot(
                receiver,
                slot,
                handover,
                everyKey,
                ended -> done.accept(new Copied(ended.isComplete() ? "" : ended.problem())));
        return new Copy() {
            @Override
            public long keys() {
                return copy.keys();
            }

            @Override
            public long bytes() {
                return copy.bytes();
            }

            @Override
            public long keysLeft() {
                return copy.keysLeft();
            }

            @Override
            public long millisLeft() {
                return copy.millisLeft();
            }

            @Override
            public void cancel() {
                copy.cancel();
            }
        };
    }
}
