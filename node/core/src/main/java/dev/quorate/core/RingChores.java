package dev.quorate.core;

import dev.quorate.core.antientropy.RecoveringSlots;
import dev.quorate.core.membership.MemberView;
import dev.quorate.core.membership.Membership;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.ring.CurrentRing;
import dev.quorate.core.ring.Move;
import dev.quorate.core.ring.NodeEntry;
import dev.quorate.core.ring.NodeStatus;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.ring.RingVersion;
import dev.quorate.core.runtime.DeadlineWheel;
import dev.quorate.core.topology.Topology;
import java.time.Duration;
import java.util.function.BooleanSupplier;

/**
 * Tells the ring what this node has come to: that it has made a dead owner's replicas again, or that it has nothing left and may go. What comes
 * of it shows in the ring; until then it is said again. Confined to the event loop.
 */
final class RingChores {
    private static final Duration INTERVAL = Duration.ofMillis(250);

    /** Reports under way at a time. */
    private static final int MOST_REPORTS = 256;

    private final NodeId self;
    private final CurrentRing ring;
    private final Topology topology;
    private final Membership membership;
    private final RecoveringSlots recovering;
    private final BooleanSupplier hasNothingLeft;
    private final DeadlineWheel wheel;
    private int underWay;

    /** @param hasNothingLeft whether this node keeps no hints, and has nothing to hand over or to clear away */
    RingChores(
            NodeId self,
            CurrentRing ring,
            Topology topology,
            Membership membership,
            RecoveringSlots recovering,
            BooleanSupplier hasNothingLeft,
            DeadlineWheel wheel) {
        this.self = self;
        this.ring = ring;
        this.topology = topology;
        this.membership = membership;
        this.recovering = recovering;
        this.hasNothingLeft = hasNothingLeft;
        this.wheel = wheel;
    }

    void start() {
        wheel.after(INTERVAL, this::look);
    }

    private void look() {
        wheel.after(INTERVAL, this::look);
        catchUp();
        if (underWay > 0) {
            return;
        }
        for (Move move : recovering.finished()) {
            if (underWay < MOST_REPORTS) {
                underWay++;
                topology.finish(move, outcome -> underWay--);
            }
        }
        if (mayLeave(ring.state())) {
            underWay++;
            topology.left(self, outcome -> underWay--);
        }
    }

    /** What a member announced once is not told again: if the ring could not be had from it then, it is asked for now. */
    private void catchUp() {
        long own = ring.state().version().packed();
        for (MemberView member : membership.members()) {
            long theirs = membership.ringOf(member.node());
            if (theirs > own && membership.usable(member.node())) {
                topology.heardOf(member.node(), RingVersion.ofPacked(theirs));
                return;
            }
        }
    }

    private boolean mayLeave(RingState state) {
        NodeEntry entry = state.node(self);
        return entry != null
                && entry.status() == NodeStatus.DRAINING
                && state.table().slotsOf(self) == 0
                && state.moves().stream().noneMatch(move -> move.to().equals(self))
                && hasNothingLeft.getAsBoolean();
    }
}
