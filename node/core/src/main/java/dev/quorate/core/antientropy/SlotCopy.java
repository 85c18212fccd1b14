package dev.quorate.core.antientropy;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Handover;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/**
 * One slot on its way to a peer that is to take it over: an exchange of that slot alone, without the pause in which writes under way settle, since
 * it is certainty that is asked for. Whatever was sent before is found equal, so it may be broken off and begun again at any point. Confined to
 * the event loop.
 */
public final class SlotCopy {
    private final Surroundings node;
    private final Handover handover;
    private final boolean everyKey;
    private final Exchange exchange;
    private final IntConsumer damagedLeaf;
    private final Consumer<SlotCopy> done;
    private String problem = "";
    private boolean complete;

    SlotCopy(
            Surroundings node,
            Pace pace,
            NodeId peer,
            int slot,
            Handover handover,
            boolean everyKey,
            IntConsumer damagedLeaf,
            Consumer<SlotCopy> done) {
        this.node = node;
        this.handover = handover;
        this.everyKey = everyKey;
        this.damagedLeaf = damagedLeaf;
        this.done = done;
        this.exchange = new Exchange(node, pace, peer, List.of(slot), true, this, this::ended);
    }

    void begin() {
        if (everyKey) {
            exchange.beginWithEveryKey();
        } else {
            exchange.begin();
        }
    }

    private void ended(Exchange.Outcome outcome, String why) {
        boolean took = exchange.progress().allPushed();
        complete = outcome == Exchange.Outcome.COMPLETE && took;
        problem = took || outcome != Exchange.Outcome.COMPLETE ? why : "the receiver did not take all it was sent";
        done.accept(this);
    }

    /** A record under that leaf cannot be read here. Before it has been replaced, nothing may take this node's place. */
    void damaged(int leaf) {
        damagedLeaf.accept(leaf);
    }

    Handover handover() {
        return handover;
    }

    boolean everyKey() {
        return everyKey;
    }

    /** Whether the peer holds, durably, all that this node held when the copy began. */
    public boolean isComplete() {
        return complete;
    }

    /** Why it is not complete; empty if it is, or has not ended. */
    public String problem() {
        return problem;
    }

    /** Records sent so far. */
    public long keys() {
        return exchange.progress().pushed();
    }

    /** Bytes of records sent so far. */
    public long bytes() {
        return exchange.progress().pushedBytes();
    }

    /** Records that may differ and were not looked at. */
    public long keysLeft() {
        return exchange.progress().left();
    }

    /** From the pace so far; -1 while there is none. */
    public long millisLeft() {
        return exchange.progress().millisLeft(node.clock().nanos());
    }

    /** Ends it without telling. */
    public void cancel() {
        exchange.cancel();
    }
}
