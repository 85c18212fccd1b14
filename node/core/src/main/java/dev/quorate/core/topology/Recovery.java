package dev.quorate.core.topology;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Ballot;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.ring.NodeEntry;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.runtime.DeadlineWheel;
import dev.quorate.core.topology.Rejection.Reason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Begins a new generation of the ring where a majority of the voters is gone for good. The last that any node in reach has adopted, or a voter in
 * reach has accepted, is taken for agreed about, and the rest of the voters are replaced. What only the lost ones knew is lost: that is why people
 * have to say so.
 *
 * <p>Ballots of the new generation outbid all others, so a voter that took part in it takes part in nothing of the former one any more.
 */
final class Recovery {
    private final RingKeeper keeper;
    private final Proposer proposer;
    private final DeadlineWheel wheel;
    private final SortedSet<NodeId> lost;
    private final Consumer<ChangeOutcome> done;
    private final Duration timeout;
    private DeadlineWheel.Handle deadline = DeadlineWheel.Handle.NONE;
    private boolean asked;
    private boolean over;

    Recovery(
            RingKeeper keeper,
            Proposer proposer,
            DeadlineWheel wheel,
            List<NodeId> lost,
            Duration timeout,
            Consumer<ChangeOutcome> done) {
        this.keeper = keeper;
        this.proposer = proposer;
        this.wheel = wheel;
        this.lost = new TreeSet<>(lost);
        this.timeout = timeout;
        this.done = done;
    }

    static String confirmation(RingState ring, List<NodeId> lost) {
        List<String> names = new TreeSet<>(lost).stream().map(NodeId::toString).toList();
        return "begin generation " + (ring.version().generation() + 1) + " without " + String.join(", ", names);
    }

    void begin() {
        deadline = wheel.after(timeout, () -> {
            Rejection late = Rejection.of(Reason.NO_VOTER_MAJORITY).with("lost", lost);
            end(asked ? new ChangeOutcome.Unknown(late) : new ChangeOutcome.Rejected(late));
        });
        for (NodeId node : lost) {
            if (keeper.state().node(node) == null) {
                reject(Rejection.of(Reason.NODE_UNKNOWN).with("node", node));
                return;
            }
        }
        SortedSet<NodeId> voters = Proposer.votersOf(List.of(keeper.state()));
        SortedSet<NodeId> present = new TreeSet<>();
        askAll(
                voters,
                PeerRequest.ReadAccepted.INSTANCE,
                (voter, reply) -> {
                    if (reply instanceof PeerReply.AcceptedVersion) {
                        present.add(voter);
                    }
                },
                () -> looked(present));
    }

    private void looked(SortedSet<NodeId> present) {
        if (Proposer.isQuorum(keeper.state(), present)) {
            reject(Rejection.of(Reason.VOTERS_PRESENT).with("voters", present));
            return;
        }
        SortedSet<NodeId> alive = new TreeSet<>(present);
        alive.retainAll(lost);
        if (!alive.isEmpty()) {
            reject(Rejection.of(Reason.CHANGE_NOT_APPLICABLE)
                    .with("nodes", alive)
                    .with("because", "they answer, and are not lost"));
            return;
        }
        List<NodeId> others = keeper.state().active().stream()
                .map(NodeEntry::id)
                .filter(node -> !lost.contains(node))
                .toList();
        catchUp(others, 0);
    }

    /** The latest ring that anybody in reach has adopted. */
    private void catchUp(List<NodeId> others, int next) {
        if (over) {
            return;
        }
        if (next == others.size()) {
            prepare();
        } else if (!proposer.reaches(others.get(next))) {
            catchUp(others, next + 1);
        } else {
            keeper.pullFrom(others.get(next), later -> catchUp(others, next + 1));
        }
    }

    private void prepare() {
        RingState base = keeper.state();
        List<NodeId> voters = Changes.votersFor(base, node -> !lost.contains(node) && proposer.reaches(node));
        if (voters.isEmpty()) {
            reject(Rejection.of(Reason.PLAN_IMPOSSIBLE).with("because", "no node would be left to vote"));
            return;
        }
        Ballot ballot = proposer.nextBallot(base.version().generation() + 1);
        SortedSet<NodeId> promised = new TreeSet<>();
        List<PeerReply.RingPromised> found = new ArrayList<>();
        askAll(
                new TreeSet<>(voters),
                new PeerRequest.PrepareRing(ballot, base.version()),
                (voter, reply) -> {
                    if (reply instanceof PeerReply.RingPromised promise) {
                        promised.add(voter);
                        found.add(promise);
                    } else if (reply instanceof PeerReply.BallotRefused refused) {
                        proposer.heardOf(refused.promised());
                    }
                },
                () -> {
                    if (!Proposer.isMajority(voters, promised)) {
                        reject(Rejection.of(Reason.NO_VOTER_MAJORITY)
                                .with("voters", voters)
                                .with("answered", promised));
                        return;
                    }
                    accept(ballot, latest(base, found), voters);
                });
    }

    /** What may have been agreed about beyond what anybody adopted: if in doubt it was. */
    private static RingState latest(RingState base, List<PeerReply.RingPromised> found) {
        Ballot highest = Ballot.NONE;
        RingState latest = base;
        for (PeerReply.RingPromised promise : found) {
            RingState ring = promise.ring();
            if (ring != null
                    && ring.version().compareTo(base.version()) > 0
                    && promise.accepted().compareTo(highest) > 0) {
                highest = promise.accepted();
                latest = ring;
            }
        }
        return latest;
    }

    private void accept(Ballot ballot, RingState agreed, List<NodeId> voters) {
        // An attempt before this one may have got as far: then this one only completes it.
        boolean begun = agreed.version().generation() == ballot.generation();
        RingState value = begun
                ? agreed
                : agreed.edit().newGeneration().voters(voters, List.of()).build();
        asked = true;
        SortedSet<NodeId> accepted = new TreeSet<>();
        askAll(
                Proposer.votersOf(List.of(value)),
                new PeerRequest.AcceptRing(ballot, value),
                (voter, reply) -> {
                    if (reply instanceof PeerReply.RingAccepted) {
                        accepted.add(voter);
                    }
                },
                () -> {
                    if (!Proposer.isQuorum(value, accepted)) {
                        end(new ChangeOutcome.Unknown(Rejection.of(Reason.NO_VOTER_MAJORITY)
                                .with("voters", voters)
                                .with("answered", accepted)));
                        return;
                    }
                    RingState base = keeper.state();
                    keeper.adopt(value, () -> {
                        keeper.spread(base);
                        end(new ChangeOutcome.Committed(value));
                    });
                });
    }

    /** Asks, and goes on when all have answered or failed to. */
    private void askAll(
            SortedSet<NodeId> nodes,
            PeerRequest.OfTopology request,
            BiConsumer<NodeId, @Nullable PeerReply> each,
            Runnable then) {
        SortedSet<NodeId> outstanding = new TreeSet<>(nodes);
        for (NodeId node : nodes) {
            proposer.ask(node, request, reply -> {
                if (over || !outstanding.remove(node)) {
                    return;
                }
                each.accept(node, reply);
                if (outstanding.isEmpty()) {
                    then.run();
                }
            });
        }
    }

    private void reject(Rejection rejection) {
        end(new ChangeOutcome.Rejected(rejection));
    }

    private void end(ChangeOutcome outcome) {
        if (!over) {
            over = true;
            deadline.cancel();
            done.accept(outcome);
        }
    }
}
