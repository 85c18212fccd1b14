package dev.quorate.simulation;

import dev.quorate.core.NodeState;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.ring.NodeEntry;
import dev.quorate.core.ring.NodeStatus;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.ring.StagedChange;
import dev.quorate.core.topology.ChangeOutcome;
import dev.quorate.core.topology.Topology;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Changes the ring as the plan says, by asking nodes, and sees whether it has come to rest. */
final class SimOperator {
    /** How long it waits for one answer. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final SimWorld world;
    private final ChaosCalendar calendar;
    private final MachineRoom room;
    private final AgreedRing ring;
    private final Situations situations;

    SimOperator(SimWorld world, ChaosCalendar calendar, MachineRoom room, AgreedRing ring, Situations situations) {
        this.world = world;
        this.calendar = calendar;
        this.room = room;
        this.ring = ring;
        this.situations = situations;
    }

    /** Puts a change on the calendar. */
    void schedule(RingChange change) {
        calendar.at(change.atNanos(), () -> {
            SimProcess asked = room.process(change.asked());
            if (asked != null) {
                world.note(SimWorld.WORLD_LANE, 4_000_037L + change.kind().ordinal());
                asked.loop().run(() -> operate(asked.core().topology(), change));
            }
        });
    }

    private void operate(Topology topology, RingChange change) {
        NodeId node = new NodeId(change.machine());
        switch (change.kind()) {
            case JOIN -> stage(topology, node, new StagedChange.Join());
            case LEAVE -> stage(topology, node, new StagedChange.Leave());
            case REPLACE -> {
                boolean byOne = change.amount() < 0.5 && change.other() != change.machine();
                // Whom nobody reaches looks the same whether it lives or not.
                stage(topology, node, new StagedChange.Replace(byOne ? new NodeId(change.other()) : null, false));
            }
            case WEIGHT -> stage(topology, node, new StagedChange.Weight(0.5 + 3 * change.amount()));
            case CANCEL -> topology.cancelAll(PATIENCE, this::happened);
            case SPLIT -> topology.split(PATIENCE, this::happened);
            case PAUSE -> {
                topology.pause(true, PATIENCE, this::happened);
                calendar.after((long) (change.amount() * 3_000_000_000L), this::resumeTransfers);
            }
        }
    }

    private void stage(Topology topology, NodeId node, StagedChange change) {
        topology.stage(
                node,
                change,
                PATIENCE,
                staged -> staged.match(
                        committed -> {
                            commit(topology);
                            return true;
                        },
                        rejected -> true,
                        unknown -> true));
    }

    private void commit(Topology topology) {
        topology.plan(slot -> 1, 1)
                .match(
                        plan -> {
                            topology.commit(plan.planId(), PATIENCE, this::happened);
                            return true;
                        },
                        rejected -> true);
    }

    private void happened(ChangeOutcome outcome) {
        outcome.match(
                committed -> {
                    situations.happened(Situation.RING_CHANGED);
                    return true;
                },
                rejected -> true,
                unknown -> true);
    }

    /** Somebody lets hand-overs go on. */
    private void resumeTransfers() {
        for (int number : ring.activeMachines()) {
            SimProcess process = room.process(number);
            if (process != null && process.core().state() == NodeState.READY) {
                process.loop().run(() -> process.core().topology().pause(false, PATIENCE, done -> {}));
                return;
            }
        }
    }

    /** Null when nothing moves any more, everybody uses the same ring, and all that had to be cleared away is gone. */
    @Nullable
    String unrest() {
        RingState agreed = ring.latest();
        if (agreed.paused()) {
            resumeTransfers();
            return "hand-overs are paused";
        }
        if (!agreed.moves().isEmpty()) {
            return agreed.moves().size() + " hand-overs have not ended, the first is "
                    + agreed.moves().get(0);
        }
        for (int number : ring.activeMachines()) {
            SimProcess process = room.process(number);
            if (process == null
                    || process.core().ring().state() != agreed
                            && !process.core().ring().state().equals(agreed)) {
                return "n" + number + " does not use ring " + agreed.version();
            }
            if (!process.core().transfers().isIdle()) {
                return "n" + number + " has not cleared away what is another's";
            }
            NodeEntry entry = agreed.node(new NodeId(number));
            if (entry != null
                    && entry.status() == NodeStatus.DRAINING
                    && agreed.table().slotsOf(entry.id()) == 0) {
                return "n" + number + " has nothing left to give and has not left";
            }
        }
        return null;
    }
}
