package dev.quorate.core.topology;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.MoveReport;
import dev.quorate.core.peer.PeerCalls;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.ring.RingVersion;
import dev.quorate.core.runtime.DeadlineWheel;
import dev.quorate.core.runtime.Metrics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The work that somebody has to do and that anybody may: collecting what nodes report about hand-overs, many to a change, and what follows from
 * changes, such as other voters. It falls to the reachable voter with the lowest number. Two that both think so only outbid each other. Confined to
 * the event loop.
 */
final class Claimant {
    /** What is reported within this time goes into one change. Voters write the whole ring for each, so a large one waits a little longer. */
    static final Duration COLLECT = Duration.ofMillis(100);

    private static final Duration COLLECT_IF_LARGE = Duration.ofMillis(200);
    private static final int LARGE_SLOTS = 4096;

    static final Duration TICK = Duration.ofSeconds(1);
    static final int MAX_REPORTS = 4096;

    /**
     * Whoever has a state agreed about says so at once. If this node has accepted one, and not heard in this time what became of it, then it finds
     * out by having nothing agreed about; other voters wait longer for the claimant to do so.
     */
    private static final int TICKS_BEHIND = 2;

    private static final int MAX_TICKS_BEHIND = 6;

    /** For a batch; whoever reported waits a little longer, and then tries elsewhere. */
    static final Duration COMMIT_TIMEOUT = Duration.ofSeconds(5);

    static final Duration REPORT_TIMEOUT = Duration.ofSeconds(6);

    private record Report(MoveReport report, Consumer<MoveReport.Verdict> done) {}

    private final NodeId self;
    private final RegisterRules rules;
    private final RingKeeper keeper;
    private final Proposer proposer;
    private final Planner planner;
    private final PeerCalls peers;
    private final DeadlineWheel wheel;
    private final Metrics.Counter refused;
    private final Metrics.Counter elsewhere;
    private List<Report> collected = new ArrayList<>();
    private boolean flushing;
    private boolean busy;
    private int ticksBehind;
    /** The ring in which every node leads its share: not to be found out again each second. */
    private @Nullable RingVersion balanced;

    Claimant(
            NodeId self,
            RegisterRules rules,
            RingKeeper keeper,
            Proposer proposer,
            Planner planner,
            PeerCalls peers,
            DeadlineWheel wheel,
            Metrics metrics) {
        this.self = self;
        this.rules = rules;
        this.keeper = keeper;
        this.proposer = proposer;
        this.planner = planner;
        this.peers = peers;
        this.wheel = wheel;
        this.refused =
                metrics.counter("ring_reports_refused_total", "Reports about hand-overs refused because too many wait");
        this.elsewhere = metrics.counter(
                "ring_reports_elsewhere_total", "Reports about hand-overs that the claimant left unanswered");
        metrics.gauge("ring_reports", "Reports about hand-overs that wait to be committed", () -> collected.size());
    }

    void start() {
        wheel.after(TICK, this::tick);
    }

    /** Null if this node reaches no voter. */
    @Nullable
    NodeId claimant() {
        List<NodeId> turns = byTurn();
        return turns.isEmpty() ? null : turns.get(0);
    }

    private List<NodeId> byTurn() {
        SortedSet<NodeId> voters = new TreeSet<>(keeper.state().voters());
        voters.removeIf(voter -> !voter.equals(self) && !peers.reachable(voter));
        return List.copyOf(voters);
    }

    /** Has a report of this node agreed about, by whoever can. */
    void report(MoveReport report, Consumer<MoveReport.Verdict> done) {
        report(report, byTurn(), 0, done);
    }

    private void report(MoveReport report, List<NodeId> turns, int turn, Consumer<MoveReport.Verdict> done) {
        if (turn >= turns.size() || turns.get(turn).equals(self)) {
            collect(report, done);
            return;
        }
        NodeId claimant = turns.get(turn);
        peers.call(claimant, new PeerRequest.ReportMove(report), REPORT_TIMEOUT, new PeerCalls.Waiter() {
            @Override
            public void answered(PeerReply reply) {
                if (reply instanceof PeerReply.MoveReported reported
                        && reported.verdict() != MoveReport.Verdict.OVERLOADED) {
                    learn(claimant, reported, done);
                } else {
                    failed(PeerCalls.CallFailure.NOT_SENT);
                }
            }

            @Override
            public void failed(PeerCalls.CallFailure failure) {
                elsewhere.increment();
                report(report, turns, turn + 1, done);
            }
        });
    }

    /** Whoever reported goes by what its own ring says, so that has to say it first. */
    private void learn(NodeId claimant, PeerReply.MoveReported reported, Consumer<MoveReport.Verdict> done) {
        if (keeper.version().compareTo(reported.version()) >= 0) {
            done.accept(reported.verdict());
            return;
        }
        keeper.pullFrom(
                claimant,
                later -> done.accept(
                        keeper.version().compareTo(reported.version()) >= 0
                                ? reported.verdict()
                                : MoveReport.Verdict.UNKNOWN));
    }

    /** Another node reports. */
    void reported(MoveReport report, Consumer<PeerReply> answer) {
        collect(report, verdict -> answer.accept(new PeerReply.MoveReported(verdict, keeper.version())));
    }

    private void collect(MoveReport report, Consumer<MoveReport.Verdict> done) {
        if (collected.size() >= MAX_REPORTS) {
            refused.increment();
            done.accept(MoveReport.Verdict.OVERLOADED);
            return;
        }
        collected.add(new Report(report, done));
        if (!flushing) {
            flushLater();
        }
    }

    private void flushLater() {
        flushing = true;
        boolean large = keeper.state().table().slots() > LARGE_SLOTS;
        wheel.after(large ? COLLECT_IF_LARGE : COLLECT, this::flush);
    }

    private void flush() {
        List<Report> batch = collected;
        collected = new ArrayList<>();
        Reports change = new Reports(batch.stream().map(Report::report).toList());
        proposer.submit(change, COMMIT_TIMEOUT, outcome -> {
            for (int i = 0; i < batch.size(); i++) {
                MoveReport.Verdict verdict = change.verdicts().get(i);
                batch.get(i)
                        .done
                        .accept(outcome.match(
                                committed -> verdict, Claimant::verdict, unknown -> MoveReport.Verdict.UNKNOWN));
            }
            flushing = false;
            if (!collected.isEmpty()) {
                flushLater();
            }
        });
    }

    private static MoveReport.Verdict verdict(Rejection rejection) {
        return rejection.reason() == Rejection.Reason.OVERLOADED
                ? MoveReport.Verdict.OVERLOADED
                : MoveReport.Verdict.NO_VOTER_MAJORITY;
    }

    private void tick() {
        wheel.after(TICK, this::tick);
        boolean claims = self.equals(claimant());
        RingVersion accepted = proposer.acceptedHere();
        boolean behind = accepted != null && accepted.compareTo(keeper.version()) > 0;
        ticksBehind = behind ? ticksBehind + 1 : 0;
        if (!busy && (claims || ticksBehind >= MAX_TICKS_BEHIND)) {
            Change due = ticksBehind >= TICKS_BEHIND ? Changes.NOTHING : claims ? due() : null;
            if (due != null) {
                busy = true;
                proposer.submit(due, COMMIT_TIMEOUT, outcome -> busy = false);
            }
        }
    }

    /** What follows from the ring as it is; null for nothing. */
    private @Nullable Change due() {
        RingState ring = keeper.state();
        if (!ring.newVoters().isEmpty()) {
            return Changes.seatVoters();
        }
        List<NodeId> voters = Changes.votersFor(ring, node -> ring.voters().contains(node) || proposer.reaches(node));
        SortedSet<NodeId> reached = new TreeSet<>(voters);
        reached.removeIf(voter -> !proposer.mayCountOn(voter));
        boolean possible = Proposer.isMajority(voters, reached);
        Change call = Changes.callVoters(voters, rules.changesVotersJointly());
        if (possible && call.on(ring) instanceof Change.Step.To) {
            return call;
        }
        if (ring.version().equals(balanced)) {
            return null;
        }
        Change leaders = planner.balanceLeaders();
        if (leaders.on(ring) instanceof Change.Step.To) {
            return leaders;
        }
        balanced = ring.version();
        return null;
    }
}
