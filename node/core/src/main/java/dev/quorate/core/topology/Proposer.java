package dev.quorate.core.topology;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Ballot;
import dev.quorate.core.peer.PeerCalls;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.ring.RingVersion;
import dev.quorate.core.runtime.Clock;
import dev.quorate.core.runtime.DeadlineWheel;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.runtime.RandomSource;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Has changes of the ring agreed about: a CASPaxos register whose value is the ring, and whose voters are part of the value (rules.md A19, model
 * {@code casreg.py}). One change at a time; those that come meanwhile wait in line.
 *
 * <p>A ballot is prepared with a majority of the voters of the ring that this node has. What they accepted last is either that ring, or something
 * that may have been agreed about without this node knowing: that is then accepted once more, unchanged, by the majorities of both its voters and
 * those that were asked, before anything is made of it. A new state needs every majority used in its prepare, and those of its own voters, present
 * and to come. Only what such majorities have accepted is adopted. Confined to the event loop.
 */
final class Proposer {
    static final int MAX_WAITING = 256;
    static final Duration CALL_TIMEOUT = Duration.ofSeconds(1);
    private static final Duration SHORTEST_PAUSE = Duration.ofMillis(50);
    private static final Duration LONGEST_PAUSE = Duration.ofMillis(500);

    private record Waiting(Change change, long deadline, Consumer<ChangeOutcome> done) {}

    /** What one voter answered in a prepare. */
    private record Promise(Ballot accepted, @Nullable RingState value) {}

    // Voters that had nothing to say when they were asked last: they do not remember what they promised.
    private final SortedSet<NodeId> abstaining = new TreeSet<>();
    private final NodeId self;
    private final RegisterRules rules;
    private final RingKeeper keeper;
    private final Acceptor acceptor;
    private final PeerCalls peers;
    private final Clock clock;
    private final DeadlineWheel wheel;
    private final RandomSource random;
    private final Deque<Waiting> line = new ArrayDeque<>();
    private final Metrics.Counter commits;
    private final Metrics.Counter writtenBack;
    private final Metrics.Counter attempts;
    private final Metrics.Counter refused;
    private @Nullable Proposal current;
    /** Of the greatest ballot made or heard of. */
    private long round;

    Proposer(
            NodeId self,
            RegisterRules rules,
            RingKeeper keeper,
            Acceptor acceptor,
            PeerCalls peers,
            Clock clock,
            DeadlineWheel wheel,
            RandomSource random,
            Metrics metrics) {
        this.self = self;
        this.rules = rules;
        this.keeper = keeper;
        this.acceptor = acceptor;
        this.peers = peers;
        this.clock = clock;
        this.wheel = wheel;
        this.random = random;
        this.commits = metrics.counter("ring_commits_total", "Changes of the ring that this node had agreed about");
        this.writtenBack = metrics.counter(
                "ring_written_back_total",
                "Times a change found one of which this node did not know whether it was agreed about");
        this.attempts = metrics.counter("ring_attempts_total", "Ballots with which this node tried to change the ring");
        this.refused = metrics.counter(
                "ring_changes_refused_total", "Changes of the ring refused because too many wait on this node");
        metrics.gauge("ring_changes_waiting", "Changes of the ring that wait on this node", line::size);
    }

    /** Changes the ring; {@code done} is told once, when this node has adopted the outcome or the time is up. */
    void submit(Change change, Duration timeout, Consumer<ChangeOutcome> done) {
        if (line.size() >= MAX_WAITING) {
            refused.increment();
            done.accept(new ChangeOutcome.Rejected(
                    Rejection.of(Rejection.Reason.OVERLOADED).with("waiting", line.size())));
            return;
        }
        line.add(new Waiting(change, clock.nanos() + timeout.toNanos(), done));
        next();
    }

    /** Makes a ballot that outbids all that this node knows of. */
    Ballot nextBallot(int generation) {
        round = Math.max(round, rules.roundsToPass(acceptor.promised().round())) + 1;
        return new Ballot(generation, round, self.number());
    }

    /** Another node made, or promised, that ballot. */
    void heardOf(Ballot ballot) {
        round = Math.max(round, ballot.round());
    }

    /** The version that this node, as a voter, accepted last; null for nothing. */
    @Nullable
    RingVersion acceptedHere() {
        return acceptor.acceptedVersion();
    }

    private void next() {
        if (current != null) {
            return;
        }
        Waiting first = line.poll();
        if (first != null) {
            Proposal proposal = new Proposal(first);
            current = proposal;
            proposal.begin();
        }
    }

    /** A majority of the voters, and while they are being changed of those to come as well. */
    static boolean isQuorum(RingState ring, SortedSet<NodeId> nodes) {
        return isMajority(ring.voters(), nodes) && (ring.newVoters().isEmpty() || isMajority(ring.newVoters(), nodes));
    }

    static boolean isMajority(List<NodeId> voters, SortedSet<NodeId> nodes) {
        return 2 * voters.stream().filter(nodes::contains).count() > voters.size();
    }

    static boolean sameVoters(RingState a, RingState b) {
        return a.voters().equals(b.voters()) && a.newVoters().equals(b.newVoters());
    }

    static SortedSet<NodeId> votersOf(List<RingState> rings) {
        SortedSet<NodeId> all = new TreeSet<>();
        for (RingState ring : rings) {
            all.addAll(ring.voters());
            all.addAll(ring.newVoters());
        }
        return all;
    }

    /** Whether the node is there to vote, as far as this one can tell: it is reachable, and did not abstain when it was asked last. */
    boolean mayCountOn(NodeId node) {
        boolean abstains = node.equals(self) ? acceptor.isForgetful() : abstaining.contains(node);
        return reaches(node) && !abstains;
    }

    boolean reaches(NodeId node) {
        return node.equals(self) || peers.reachable(node);
    }

    /** Asks a voter, which may be this node. {@code answer} is told null if there is none. */
    void ask(NodeId voter, PeerRequest.OfTopology request, Consumer<@Nullable PeerReply> answer) {
        if (voter.equals(self)) {
            answerAsVoter(request, answer::accept);
            return;
        }
        peers.call(voter, request, CALL_TIMEOUT, new PeerCalls.Waiter() {
            @Override
            public void answered(PeerReply reply) {
                boolean abstains =
                        reply instanceof PeerReply.Refused refused && refused.refusal() == PeerReply.Refusal.NOT_READY;
                if (abstains) {
                    abstaining.add(voter);
                } else {
                    abstaining.remove(voter);
                }
                answer.accept(reply);
            }

            @Override
            public void failed(PeerCalls.CallFailure failure) {
                answer.accept(null);
            }
        });
    }

    /** Returns false if that is nothing to ask a voter. */
    boolean answerAsVoter(PeerRequest.OfTopology request, Consumer<PeerReply> answer) {
        if (request instanceof PeerRequest.PrepareRing prepare) {
            heardOf(prepare.ballot());
            acceptor.prepare(prepare.ballot(), prepare.known(), answer);
        } else if (request instanceof PeerRequest.AcceptRing accept) {
            heardOf(accept.ballot());
            acceptor.accept(accept.ballot(), accept.ring(), answer);
        } else if (request instanceof PeerRequest.ReadAccepted) {
            acceptor.readAccepted(answer);
        } else if (request instanceof PeerRequest.RecallVotes recall) {
            heardOf(recall.ballot());
            acceptor.recall(recall.ballot(), answer);
        } else {
            return false;
        }
        return true;
    }

    /** One change on its way, over as many ballots as it takes. */
    private final class Proposal {
        private final Waiting work;
        /** What this change made of states that were found, and that may have been agreed about. */
        private final List<RingState> inDoubt = new ArrayList<>();

        private RingState known = keeper.state();
        /** A state with other voters, found on the way. */
        private @Nullable RingState also;

        private final SortedMap<NodeId, Promise> promises = new TreeMap<>();
        /** Voters that this change puts out. */
        private final SortedSet<NodeId> leaving = new TreeSet<>();

        private final SortedSet<NodeId> accepted = new TreeSet<>();
        private final SortedSet<NodeId> answeredLast = new TreeSet<>();
        private Ballot ballot = Ballot.NONE;
        /** Answers of earlier phases count for nothing. */
        private int phase;

        private int outstanding;
        private boolean over;
        private final DeadlineWheel.Handle deadline;

        Proposal(Waiting work) {
            this.work = work;
            Duration left = Duration.ofNanos(Math.max(0, work.deadline - clock.nanos()));
            this.deadline = wheel.after(left, this::timeIsUp);
        }

        void begin() {
            known = keeper.state();
            also = null;
            prepare();
        }

        private List<RingState> needed() {
            RingState other = also;
            return other == null ? List.of(known) : List.of(known, other);
        }

        private void prepare() {
            attempts.increment();
            phase++;
            promises.clear();
            int generation = known.version().generation();
            RingState other = also;
            if (other != null) {
                generation = Math.max(generation, other.version().generation());
            }
            ballot = nextBallot(generation);
            SortedSet<NodeId> voters = votersOf(needed());
            RingState asked = known;
            int thisPhase = phase;
            outstanding = voters.size();
            answeredLast.clear();
            for (NodeId voter : voters) {
                ask(voter, new PeerRequest.PrepareRing(ballot, asked.version()), reply -> {
                    if (phase == thisPhase && !over) {
                        promised(voter, asked, reply);
                    }
                });
                if (phase != thisPhase || over) {
                    return;
                }
            }
        }

        private void promised(NodeId voter, RingState asked, @Nullable PeerReply reply) {
            outstanding--;
            if (reply instanceof PeerReply.RingPromised promise) {
                answeredLast.add(voter);
                heardOf(promise.accepted());
                promises.put(voter, new Promise(promise.accepted(), promise.asKnown() ? asked : promise.ring()));
                SortedSet<NodeId> promisedBy = new TreeSet<>(promises.keySet());
                promisedBy.removeAll(leaving);
                if (needed().stream().allMatch(ring -> isQuorum(ring, promisedBy))) {
                    prepared();
                    return;
                }
            } else {
                refused(voter, reply);
            }
            if (outstanding == 0) {
                pause();
            }
        }

        private void refused(NodeId voter, @Nullable PeerReply reply) {
            if (reply instanceof PeerReply.BallotRefused lost) {
                answeredLast.add(voter);
                heardOf(lost.promised());
            }
        }

        /** A majority has promised: whatever was agreed about before is among what they accepted. */
        private void prepared() {
            phase++;
            RingState found = found();
            if (found == null) {
                // Voters that never voted: nothing was changed yet, or all that was is lost.
                found = known;
                if (known.version().epoch() > 1) {
                    end(new ChangeOutcome.Rejected(votersForgot()));
                    return;
                }
            }
            if (found.version().compareTo(known.version()) <= 0 && !found.equals(known)) {
                end(new ChangeOutcome.Rejected(votersForgot()));
                return;
            }
            RingState value = found;
            if (rules.adoptsBeforeAccept()) {
                keeper.adopt(value, () -> {});
            }
            if (needed().stream().noneMatch(ring -> sameVoters(ring, value))) {
                writtenBack.increment();
                if (rules.writesBackWhatItFinds()) {
                    also = value;
                    prepare();
                } else {
                    known = value;
                    also = null;
                    prepare();
                }
                return;
            }
            if (rules.writesBackWhatItFinds() && (also != null || !value.equals(known))) {
                writtenBack.increment();
                accept(value, value, true);
                return;
            }
            if (inDoubt.contains(value)) {
                end(new ChangeOutcome.Committed(value));
                return;
            }
            make(value);
        }

        private @Nullable RingState found() {
            Ballot highest = Ballot.NONE;
            RingState found = null;
            for (Promise promise : promises.values()) {
                RingState ring = promise.value;
                if (ring == null) {
                    continue;
                }
                int order = promise.accepted.compareTo(highest);
                if (found == null || order > 0 || order == 0 && ring.version().compareTo(found.version()) > 0) {
                    highest = promise.accepted;
                    found = ring;
                }
            }
            return found;
        }

        private Rejection votersForgot() {
            return Rejection.of(Rejection.Reason.VOTERS_FORGOT)
                    .with("voters", new TreeSet<>(promises.keySet()))
                    .with("version", known.version());
        }

        /** The state found is the agreed one: makes the change to it. */
        private void make(RingState agreed) {
            Change.Step step = work.change.on(agreed);
            if (step instanceof Change.Step.To to) {
                if (rules.keepsAMajority() && leaving.addAll(votersPutOut(agreed, to.next()))) {
                    prepare();
                    return;
                }
                inDoubt.add(to.next());
                accept(agreed, to.next(), false);
            } else if (step instanceof Change.Step.Done) {
                end(new ChangeOutcome.Committed(agreed));
            } else if (step instanceof Change.Step.Not not) {
                end(
                        isInDoubt()
                                ? new ChangeOutcome.Unknown(not.rejection())
                                : new ChangeOutcome.Rejected(not.rejection()));
            }
        }

        /** Who is out need not answer ever again: without them too a majority must be there, or this change would be the last. */
        private static List<NodeId> votersPutOut(RingState before, RingState after) {
            List<NodeId> out = new ArrayList<>();
            for (NodeId voter : votersOf(List.of(before))) {
                if (before.isActive(voter) && !after.isActive(voter)) {
                    out.add(voter);
                }
            }
            return out;
        }

        /** Whether something that this change made may have been agreed about, and built upon, unseen. */
        private boolean isInDoubt() {
            for (RingState made : inDoubt) {
                RingState agreed = keeper.remembered(made.version());
                if (agreed == null || agreed.equals(made)) {
                    return true;
                }
            }
            return false;
        }

        private void accept(RingState base, RingState value, boolean isWriteBack) {
            phase++;
            accepted.clear();
            List<RingState> quorums = quorumsFor(base, value, isWriteBack);
            SortedSet<NodeId> voters = votersOf(quorums);
            outstanding = voters.size();
            answeredLast.clear();
            int thisPhase = phase;
            for (NodeId voter : voters) {
                ask(voter, new PeerRequest.AcceptRing(ballot, value), reply -> {
                    if (phase == thisPhase && !over) {
                        acceptedBy(voter, quorums, value, isWriteBack, reply);
                    }
                });
                if (phase != thisPhase || over) {
                    return;
                }
            }
        }

        private List<RingState> quorumsFor(RingState base, RingState value, boolean isWriteBack) {
            List<RingState> quorums = new ArrayList<>();
            quorums.addAll(needed());
            if (!rules.writesBackWhatItFinds()) {
                quorums.clear();
                quorums.add(base);
            }
            if (isWriteBack || rules.changesVotersJointly()) {
                quorums.add(value);
            }
            return quorums;
        }

        private boolean isAgreed(List<RingState> quorums, RingState value, boolean isWriteBack) {
            if (isWriteBack || rules.acceptsByQuorumsOfPrepare()) {
                return quorums.stream().allMatch(ring -> isQuorum(ring, accepted));
            }
            List<NodeId> toCome = value.newVoters();
            return isMajority(toCome.isEmpty() ? value.voters() : toCome, accepted);
        }

        private void acceptedBy(
                NodeId voter,
                List<RingState> quorums,
                RingState value,
                boolean isWriteBack,
                @Nullable PeerReply reply) {
            outstanding--;
            if (reply instanceof PeerReply.RingAccepted) {
                answeredLast.add(voter);
                accepted.add(voter);
                if (isAgreed(quorums, value, isWriteBack)) {
                    phase++;
                    committed(value, isWriteBack);
                    return;
                }
            } else {
                refused(voter, reply);
            }
            if (outstanding == 0) {
                pause();
            }
        }

        private void committed(RingState value, boolean isWriteBack) {
            commits.increment();
            RingState base = keeper.state();
            keeper.adopt(value, () -> {
                keeper.spread(base);
                if (over) {
                    return;
                }
                if (!isWriteBack || inDoubt.contains(value)) {
                    end(new ChangeOutcome.Committed(value));
                } else {
                    begin();
                }
            });
        }

        /** Somebody else tries as well, or too few answer: again, after a while that is not the same for all. */
        private void pause() {
            phase++;
            int thisPhase = phase;
            double part = random.nextDouble();
            long span = LONGEST_PAUSE.minus(SHORTEST_PAUSE).toNanos();
            wheel.after(SHORTEST_PAUSE.plusNanos((long) (part * span)), () -> {
                if (phase == thisPhase && !over) {
                    begin();
                }
            });
        }

        private void timeIsUp() {
            if (over) {
                return;
            }
            List<RingState> rings = needed();
            SortedSet<NodeId> silent = votersOf(rings);
            silent.removeAll(answeredLast);
            Rejection late = Rejection.of(Rejection.Reason.NO_VOTER_MAJORITY)
                    .with("voters", votersOf(rings))
                    .with("answered", answeredLast)
                    .with("silent", silent);
            end(inDoubt.isEmpty() ? new ChangeOutcome.Rejected(late) : new ChangeOutcome.Unknown(late));
        }

        private void end(ChangeOutcome outcome) {
            if (over) {
                return;
            }
            over = true;
            phase++;
            deadline.cancel();
            current = null;
            work.done.accept(outcome);
            next();
        }
    }
}
