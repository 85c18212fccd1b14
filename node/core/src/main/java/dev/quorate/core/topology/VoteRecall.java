package dev.quorate.core.topology;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Ballot;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.ring.RingVersion;
import dev.quorate.core.runtime.DeadlineWheel;
import dev.quorate.core.runtime.RandomSource;
import java.time.Duration;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Gives a voter without a memory what it has to remember. Whatever was agreed about with its help, others of the same majority have accepted as well;
 * so it asks so many others that at least one of every majority it may have been part of is among them, and takes over the latest that they accepted.
 * They promise it a ballot first: what is under way on the strength of a promise that it forgot comes to nothing.
 *
 * <p>Voters that have lost their memories themselves count for nothing in this. Only where all others answer, nobody has ever accepted anything, and
 * nobody has any ring but the first, is there nothing to remember: that is how a new cluster begins. Where too few are left, it abstains until an
 * operator begins a new generation.
 */
final class VoteRecall {
    private static final Duration SHORTEST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);

    private final NodeId self;
    private final RingKeeper keeper;
    private final Acceptor acceptor;
    private final Proposer proposer;
    private final DeadlineWheel wheel;
    private final RandomSource random;
    private final SortedMap<NodeId, PeerReply.VotesRecalled> recalled = new TreeMap<>();
    /** What a voter had accepted when it was asked last: its voters, if they are others, count as well. */
    private @Nullable RingState acceptedElsewhere;

    private int attempt;

    VoteRecall(
            NodeId self,
            RingKeeper keeper,
            Acceptor acceptor,
            Proposer proposer,
            DeadlineWheel wheel,
            RandomSource random) {
        this.self = self;
        this.keeper = keeper;
        this.acceptor = acceptor;
        this.proposer = proposer;
        this.wheel = wheel;
        this.random = random;
    }

    void begin() {
        if (!acceptor.isForgetful() || !keeper.state().isActive(self)) {
            return;
        }
        attempt++;
        recalled.clear();
        RingState known = keeper.state();
        RingState accepted = acceptedElsewhere;
        SortedSet<NodeId> others = Proposer.votersOf(accepted == null ? List.of(known) : List.of(known, accepted));
        others.remove(self);
        if (others.isEmpty()) {
            // The only voter: members that do not vote can at least tell that there was something to remember.
            known.active().forEach(entry -> others.add(entry.id()));
            others.remove(self);
        }
        Ballot ballot = proposer.nextBallot(known.version().generation());
        if (others.isEmpty()) {
            judge(known, ballot, others);
            return;
        }
        int thisAttempt = attempt;
        SortedSet<NodeId> outstanding = new TreeSet<>(others);
        for (NodeId other : others) {
            proposer.ask(other, new PeerRequest.RecallVotes(ballot), reply -> {
                if (attempt == thisAttempt && outstanding.remove(other)) {
                    answered(other, reply);
                    if (outstanding.isEmpty()) {
                        judge(known, ballot, others);
                    }
                }
            });
        }
    }

    private void answered(NodeId other, @Nullable PeerReply reply) {
        if (reply instanceof PeerReply.VotesRecalled votes) {
            recalled.put(other, votes);
        } else if (reply instanceof PeerReply.BallotRefused refused) {
            proposer.heardOf(refused.promised());
        }
    }

    private void judge(RingState known, Ballot ballot, SortedSet<NodeId> others) {
        Ballot accepted = Ballot.NONE;
        RingState ring = null;
        for (PeerReply.VotesRecalled votes : recalled.values()) {
            if (votes.ring() != null && votes.accepted().compareTo(accepted) > 0) {
                accepted = votes.accepted();
                ring = votes.ring();
            }
        }
        NodeId ahead = ahead(known.version());
        if (ahead != null) {
            keeper.pullFrom(ahead, later -> pause());
        } else if (isEnough(known) && (ring == null || isEnough(ring.voters()))) {
            // Whatever was agreed about after what was found, other voters or not, has one of these among those that
            // accepted it: while voters are being changed that takes majorities of the former ones as well.
            acceptor.remember(ballot, accepted, ring, this::pause);
        } else if (ring == null && isFirst(known.version()) && recalled.keySet().containsAll(others)) {
            acceptor.remember(ballot, Ballot.NONE, null, this::pause);
        } else {
            acceptedElsewhere = ring;
            pause();
        }
    }

    /** Somebody whose ring is later than ours, and may have other voters. */
    private @Nullable NodeId ahead(RingVersion known) {
        for (NodeId other : recalled.keySet()) {
            PeerReply.VotesRecalled votes = recalled.get(other);
            if (votes != null && votes.adopted().compareTo(known) > 0) {
                return other;
            }
        }
        return null;
    }

    private static boolean isFirst(RingVersion version) {
        return version.generation() == 0 && version.epoch() == 1;
    }

    private boolean isEnough(RingState known) {
        return isEnough(known.voters()) && (known.newVoters().isEmpty() || isEnough(known.newVoters()));
    }

    /** Whether every majority of these has another member than this node among those that answered and remember. */
    private boolean isEnough(List<NodeId> voters) {
        int majority = voters.size() / 2 + 1;
        int needed = voters.contains(self) ? voters.size() - majority + 1 : majority;
        int remembering = 0;
        for (NodeId voter : voters) {
            PeerReply.VotesRecalled votes = recalled.get(voter);
            if (votes != null && !votes.forgetful()) {
                remembering++;
            }
        }
        return remembering >= needed;
    }

    private void pause() {
        attempt++;
        if (acceptor.isForgetful()) {
            double part = random.nextDouble();
            long span = LONGEST_PAUSE.minus(SHORTEST_PAUSE).toNanos();
            wheel.after(SHORTEST_PAUSE.plusNanos((long) (part * span)), this::begin);
        }
    }
}
