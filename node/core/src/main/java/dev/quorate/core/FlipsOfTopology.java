package dev.quorate.core;

import dev.quorate.core.ring.Move;
import dev.quorate.core.topology.ChangeOutcome;
import dev.quorate.core.topology.Rejection;
import dev.quorate.core.topology.Topology;
import dev.quorate.core.transfer.Flips;
import java.util.function.Consumer;

/** Lets hand-overs have their ends, and their new beginnings, agreed about. */
final class FlipsOfTopology implements Flips {
    private final Topology topology;

    FlipsOfTopology(Topology topology) {
        this.topology = topology;
    }

    @Override
    public void finish(Move move, Consumer<Outcome> done) {
        topology.finish(move, outcome -> done.accept(of(outcome)));
    }

    @Override
    public void again(Move move, Consumer<Outcome> done) {
        topology.again(move, outcome -> done.accept(of(outcome)));
    }

    @Override
    public boolean mayBeForgotten() {
        return topology.isForgetful();
    }

    private static Outcome of(ChangeOutcome outcome) {
        return outcome.match(
                committed -> Outcome.COMMITTED,
                rejection ->
                        rejection.reason() == Rejection.Reason.MOVE_NOT_UNDER_WAY ? Outcome.STALE : Outcome.UNKNOWN,
                unknown -> Outcome.UNKNOWN);
    }
}
