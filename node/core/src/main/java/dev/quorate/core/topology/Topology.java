package dev.quorate.core.topology;

import dev.quorate.core.model.Check;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.MoveReport;
import dev.quorate.core.peer.PeerCalls;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.ring.CurrentRing;
import dev.quorate.core.ring.Move;
import dev.quorate.core.ring.NodeEntry;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.ring.RingVersion;
import dev.quorate.core.ring.StagedChange;
import dev.quorate.core.runtime.Clock;
import dev.quorate.core.runtime.DeadlineWheel;
import dev.quorate.core.runtime.EventLoop;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.runtime.RandomSource;
import dev.quorate.core.storage.Storage;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.IntToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * One node's part in agreeing about the ring, and everybody's way to change it. Any node may be asked for any change; a majority of the voters
 * decides. Every consumer of an outcome is called exactly once, on the loop, perhaps before the method returns. Confined to the event loop.
 */
public final class Topology {
    /**
     * What topology needs from the rest of the node and from the world.
     *
     * @param ring as it was founded, or as it was given to a node that joins; what this node adopted since is read by {@link #load}
     * @param buckets so that plans can tell which dead owners can be replaced for sure
     */
    public record Surroundings(
            NodeId self,
            CurrentRing ring,
            List<Quorums> buckets,
            RegisterRules rules,
            Storage storage,
            PeerCalls peers,
            Clock clock,
            EventLoop loop,
            DeadlineWheel wheel,
            RandomSource random,
            Metrics metrics) {}

    private final Surroundings around;
    private final RingKeeper keeper;
    private final Acceptor acceptor;
    private final Proposer proposer;
    private final Planner planner;
    private final Claimant claimant;
    private boolean loaded;

    public Topology(Surroundings around) {
        this.around = around;
        this.keeper = new RingKeeper(
                around.self(),
                around.ring(),
                around.storage(),
                around.peers(),
                around.loop(),
                around.wheel(),
                around.random(),
                around.metrics());
        this.acceptor = new Acceptor(around.rules(), around.ring(), around.storage(), around.loop(), around.metrics());
        this.proposer = new Proposer(
                around.self(),
                around.rules(),
                keeper,
                acceptor,
                around.peers(),
                around.clock(),
                around.wheel(),
                around.random(),
                around.metrics());
        this.planner = new Planner(around.buckets());
        this.claimant = new Claimant(
                around.self(),
                around.rules(),
                keeper,
                proposer,
                planner,
                around.peers(),
                around.wheel(),
                around.metrics());
    }

    /**
     * Reads what this node promised, accepted and adopted in former lives. Until the stage completes, peers are told NOT_READY; from then on
     * they are answered, whether the node is ready otherwise or not.
     */
    public CompletionStage<Void> load() {
        return keeper.load().thenCompose(done -> acceptor.load(isFounder())).thenRun(() -> {
            loaded = true;
            if (acceptor.isForgetful()) {
                new VoteRecall(around.self(), keeper, acceptor, proposer, around.wheel(), around.random()).begin();
            }
        });
    }

    private boolean isFounder() {
        NodeEntry entry = keeper.state().node(around.self());
        return entry != null && entry.uuid().isEmpty();
    }

    /**
     * Asks the voters whether the ring has changed while this node was away, and adopts what it learns (rules.md A18). Tries again until the
     * time is up.
     *
     * @param done told whether a majority answered
     */
    public void readFromVoters(Duration timeout, Consumer<Boolean> done) {
        new VoterReading(keeper, proposer, around.clock(), around.wheel(), timeout, done).begin();
    }

    /** From now on this node does its part of the claimant's work, whenever that is its turn. */
    public void start() {
        claimant.start();
    }

    /** The latest state that this node has adopted. */
    public RingState state() {
        return keeper.state();
    }

    /** Whether this node may have lost its disk, and has not learned yet what its former processes had a part in. */
    public boolean isForgetful() {
        return acceptor.isForgetful();
    }

    /**
     * A peer asks. Returns false if that is not for topology; then {@code answer} is left alone. To be asked before anything else is checked:
     * voters answer while they start, and nodes that are out are told so.
     */
    public boolean onPeerRequest(NodeId from, PeerRequest request, Consumer<PeerReply> answer) {
        if (!(request instanceof PeerRequest.OfTopology ofTopology)) {
            return false;
        }
        if (!loaded) {
            answer.accept(new PeerReply.Refused(PeerReply.Refusal.NOT_READY));
        } else if (request instanceof PeerRequest.FetchRing fetch) {
            answer.accept(new PeerReply.RingFetched(keeper.updateSince(fetch.since())));
        } else if (isOut(from)) {
            // It may still think that it votes.
            answer.accept(new PeerReply.Refused(PeerReply.Refusal.NOT_READY));
        } else if (request instanceof PeerRequest.TellRing told) {
            keeper.told(from, told.update());
            answer.accept(PeerReply.Pong.INSTANCE);
        } else if (request instanceof PeerRequest.ReportMove reported) {
            claimant.reported(reported.report(), answer);
        } else {
            Check.state(proposer.answerAsVoter(ofTopology, answer), "nothing to answer to %s", request.getClass());
        }
        return true;
    }

    /** Whether the node was in the ring and is no more. One that is not known here may be known to others by now. */
    private boolean isOut(NodeId node) {
        NodeEntry entry = keeper.state().node(node);
        return entry != null && !entry.status().isActive();
    }

    /** Somebody has adopted this version, as gossip or a refusal says: if it is later than ours, the ring is pulled from there, once at a time. */
    public void heardOf(NodeId who, RingVersion version) {
        keeper.heardOf(who, version);
    }

    /**
     * Gets the ring from a node that knows a later one.
     *
     * @param done told whether this node has a later ring now than when it was called
     */
    public void pullFrom(NodeId who, Consumer<Boolean> done) {
        keeper.pullFrom(who, done);
    }

    /** The voter that works on what nobody asked for in person, as far as this node can tell; null when it reaches none. */
    public @Nullable NodeId claimant() {
        return claimant.claimant();
    }

    // ---- Changes: see Rejection.Reason for what may come back.

    /**
     * A node wants to join: it gets the next number, and its joining is staged. If its uuid is known already, it keeps what it was given. What
     * that is, is in {@link #byUuid} of the committed state.
     */
    public void admit(Newcomer newcomer, Duration timeout, Consumer<ChangeOutcome> done) {
        proposer.submit(Changes.admit(newcomer), timeout, done);
    }

    /** The entry of the node whose data directory has this uuid. */
    public static @Nullable NodeEntry byUuid(RingState ring, String uuid) {
        return Changes.byUuid(ring, uuid);
    }

    /** Stages a change of one node, in place of the one staged before. Takes effect when a plan is committed. */
    public void stage(NodeId node, StagedChange change, Duration timeout, Consumer<ChangeOutcome> done) {
        proposer.submit(Changes.stage(node, change), timeout, done);
    }

    /** Takes back what is staged for a node. */
    public void unstage(NodeId node, Duration timeout, Consumer<ChangeOutcome> done) {
        proposer.submit(Changes.unstage(node), timeout, done);
    }

    /** Takes back all that is staged. */
    public void clear(Duration timeout, Consumer<ChangeOutcome> done) {
        proposer.submit(Changes.clear(), timeout, done);
    }

    /**
     * What committing the staged changes would do; with nothing staged, what it would take to give every node its share. Asks nobody and changes
     * nothing.
     *
     * @param slotBytes what one replica of the slot takes, as far as is known
     * @param bytesPerSecond that a node may send, and receive
     */
    public PlanOutcome plan(IntToLongFunction slotBytes, long bytesPerSecond) {
        return planner.plan(keeper.state(), slotBytes, bytesPerSecond);
    }

    /** Does what the plan with that id says, if that is still what it would do. */
    public void commit(long planId, Duration timeout, Consumer<ChangeOutcome> done) {
        proposer.submit(planner.commit(planId), timeout, done);
    }

    /** Gives up one hand-over whose old owner lives, and what was planned behind it. */
    public void cancel(long moveId, Duration timeout, Consumer<ChangeOutcome> done) {
        proposer.submit(Changes.cancel(moveId), timeout, done);
    }

    /** Gives up all hand-overs whose old owners live, so that every slot stays where it is; nodes on their way out stay for now. */
    public void cancelAll(Duration timeout, Consumer<ChangeOutcome> done) {
        proposer.submit(Changes.cancelAll(), timeout, done);
    }

    /** Stops hand-overs for a while, or lets them go on. */
    public void pause(boolean paused, Duration timeout, Consumer<ChangeOutcome> done) {
        proposer.submit(Changes.pause(paused), timeout, done);
    }

    /** Cuts every slot in two. Refused while hand-overs are under way. */
    public void split(Duration timeout, Consumer<ChangeOutcome> done) {
        proposer.submit(Changes.split(), timeout, done);
    }

    /**
     * The words in which {@link #recover} wants to be told what is given up: they name the new generation and the lost voters.
     *
     * @param lost nodes that are gone for good, or cannot be had for longer than the ring can stay as it is
     */
    public String recoveryConfirmation(List<NodeId> lost) {
        return Recovery.confirmation(keeper.state(), lost);
    }

    /**
     * Begins a new generation without the lost voters, though nobody can say whether they agreed about something that the others have not
     * heard of. For operators only, and only where a majority of the voters is gone for good.
     */
    public void recover(List<NodeId> lost, String confirmation, Duration timeout, Consumer<ChangeOutcome> done) {
        String wanted = recoveryConfirmation(lost);
        if (!wanted.equals(confirmation)) {
            done.accept(new ChangeOutcome.Rejected(
                    Rejection.of(Rejection.Reason.CONFIRMATION_WRONG).with("wanted", wanted)));
            return;
        }
        new Recovery(keeper, proposer, around.wheel(), lost, timeout, done).begin();
    }

    // ---- What nodes say about hand-overs. These go to the claimant, which commits many at once, and to others if it
    // does not answer. They
    // come back within some seconds; whoever gets NO_VOTER_MAJORITY or Unknown looks at the ring and says it again
    // later.

    /** The hand-over is through: its receiver takes the place. */
    public void finish(Move move, Consumer<ChangeOutcome> done) {
        report(new MoveReport.Finished(move.slot(), move.id(), move.attempt()), done);
    }

    /** The hand-over begins again, under the next attempt. */
    public void again(Move move, Consumer<ChangeOutcome> done) {
        report(new MoveReport.Again(move.slot(), move.id(), move.attempt()), done);
    }

    /** A draining node has nothing left of anything. */
    public void left(NodeId node, Consumer<ChangeOutcome> done) {
        report(new MoveReport.Left(node), done);
    }

    private void report(MoveReport report, Consumer<ChangeOutcome> done) {
        claimant.report(report, verdict -> done.accept(outcome(report, verdict)));
    }

    private ChangeOutcome outcome(MoveReport report, MoveReport.Verdict verdict) {
        Rejection.Reason reason = switch (verdict) {
            case DONE -> null;
            case NOT_UNDER_WAY -> Rejection.Reason.MOVE_NOT_UNDER_WAY;
            case NOT_DRAINED -> Rejection.Reason.NODE_NOT_DRAINED;
            case OVERLOADED -> Rejection.Reason.OVERLOADED;
            case NO_VOTER_MAJORITY, UNKNOWN -> Rejection.Reason.NO_VOTER_MAJORITY;
        };
        if (reason == null) {
            return new ChangeOutcome.Committed(state());
        }
        Rejection rejection = Rejection.of(reason).with("report", report);
        return verdict == MoveReport.Verdict.UNKNOWN
                ? new ChangeOutcome.Unknown(rejection)
                : new ChangeOutcome.Rejected(rejection);
    }
}
