package dev.quorate.core.replication;

import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Failure;
import dev.quorate.core.peer.GetAnswer;
import dev.quorate.core.peer.GetCommand;
import dev.quorate.core.peer.PeerCalls;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.peer.Report;
import dev.quorate.core.peer.Result;
import dev.quorate.core.runtime.DeadlineWheel;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.version.VersionedObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Coordinates reads of keys this node owns: asks R owners, itself first, one more when somebody is slow or fails, and answers with the
 * merge. Stale replicas are repaired after the answer. Confined to the event loop.
 */
final class ReadCoordinator {
    /** Hedges that may be saved up. */
    static final double HEDGE_BURST = 32;

    private final Local local;
    private final ReplicaSide replicaSide;
    private final ReadRepair repair;
    private final TokenBucket hedges;
    private final Metrics.Counter hedged;
    private final Metrics.Counter hedgesRefused;
    private final Metrics.Counter conflicting;
    private final Metrics.Counter stale;
    private final Metrics.Counter reads;

    ReadCoordinator(Local local, ReplicaSide replicaSide, ReadRepair repair) {
        this.local = local;
        this.replicaSide = replicaSide;
        this.repair = repair;
        this.hedges = new TokenBucket(local.config().hedgeBudget() == 0 ? 0 : HEDGE_BURST);
        Metrics metrics = local.metrics();
        this.reads = metrics.counter("reads_coordinated_total", "Reads coordinated here");
        this.hedged =
                metrics.counter("reads_hedged_total", "Reads that asked one more owner because an answer was slow");
        this.hedgesRefused =
                metrics.counter("reads_hedge_refused_total", "Slow reads not hedged because the budget was spent");
        this.conflicting = metrics.counter("reads_with_siblings_total", "Reads answered with more than one value");
        this.stale = metrics.counter(
                "reads_stale_replica_total", "Answers of replicas that lacked something another one held");
    }

    /** {@code done} is called exactly once, at the latest when {@code timeout} has passed. */
    void read(GetCommand command, KeyHash hash, Duration timeout, Consumer<Result<GetAnswer>> done) {
        reads.increment();
        hedges.accrue(local.config().hedgeBudget());
        new Read(command, hash, timeout, done).begin();
    }

    private final class Read {
        private final GetCommand command;
        private final Key key;
        private final KeyHash hash;
        private final long deadline;
        private final Consumer<Result<GetAnswer>> done;
        private final List<NodeId> owners;
        private final ReadQuorum quorum;
        private final int required;
        private final DeadlineWheel.Handle timer;
        private DeadlineWheel.Handle hedge = DeadlineWheel.Handle.NONE;
        // Reachable owners not asked yet, this node first, then in preference order.
        private final List<NodeId> spare;
        private final List<NodeId> corrupt = new ArrayList<>(0);
        private int nextSpare;
        private boolean finished;
        private @Nullable VersionedObject merged;

        Read(GetCommand command, KeyHash hash, Duration timeout, Consumer<Result<GetAnswer>> done) {
            this.command = command;
            this.key = command.key();
            this.hash = hash;
            this.deadline = local.clock().nanos() + timeout.toNanos();
            this.done = done;
            this.owners = local.owners(key, hash);
            this.required = Math.max(command.r(), command.pr());
            this.spare = new ArrayList<>(owners.size());
            if (owners.contains(local.self())) {
                spare.add(local.self());
            }
            for (NodeId owner : owners) {
                if (!owner.equals(local.self()) && local.peers().reachable(owner)) {
                    spare.add(owner);
                }
            }
            this.quorum = new ReadQuorum(spare.size(), required);
            this.timer = local.wheel().after(timeout, this::expire);
        }

        void begin() {
            if (spare.size() < required) {
                finish(Result.failed(Failure.of(Failure.Kind.NOT_ENOUGH_REPLICAS_ALIVE)
                        .with("required", required)
                        .with("alive", spare.size())
                        .with("replicas", owners)));
                return;
            }
            // Peers first: their round trip overlaps with our own look-up.
            int first = nextSpare;
            nextSpare = first + required;
            for (int i = nextSpare - 1; i >= first; i--) {
                ask(spare.get(i));
            }
            if (!finished && nextSpare < spare.size()) {
                hedge = local.wheel().after(local.config().hedgeAfter(), this::hedge);
            }
        }

        private void hedge() {
            if (finished || nextSpare >= spare.size()) {
                return;
            }
            if (!hedges.take()) {
                hedgesRefused.increment();
                return;
            }
            hedged.increment();
            ask(spare.get(nextSpare++));
        }

        private void ask(NodeId owner) {
            quorum.asked();
            if (owner.equals(local.self())) {
                replicaSide.read(key, hash, reply -> answered(owner, reply));
                return;
            }
            Duration left =
                    Duration.ofNanos(Math.max(0, deadline - local.clock().nanos()));
            local.peers().call(owner, PeerRequest.Read.ofOwner(key), left, new PeerCalls.Waiter() {
                @Override
                public void answered(PeerReply reply) {
                    Read.this.answered(owner, reply);
                }

                @Override
                public void failed(PeerCalls.CallFailure failure) {
                    decide(quorum.failed());
                }
            });
        }

        private void answered(NodeId owner, PeerReply reply) {
            if (reply instanceof PeerReply.ReadReply read) {
                if (finished) {
                    late(owner, read.object());
                } else {
                    decide(quorum.answered(owner, read.object()));
                }
                return;
            }
            if (reply instanceof PeerReply.Refused refused && refused.refusal() == PeerReply.Refusal.CORRUPT) {
                corrupt.add(owner);
            }
            decide(quorum.failed());
        }

        /** A hedge made this answer superfluous for the client; it may still show a stale replica, or something newer. */
        private void late(NodeId owner, @Nullable VersionedObject theirs) {
            VersionedObject known = merged;
            VersionedObject all = known == null || theirs == null
                    ? (known == null ? theirs : known)
                    : local.rules().versions().merge(known, theirs);
            if (all != null) {
                repairAll(owner, theirs, all);
            }
        }

        private void decide(ReadQuorum.Decision decision) {
            switch (decision) {
                case WAIT -> {}
                case MET -> answer();
                case ASK_ANOTHER -> {
                    // At the deadline the calls time out as well, in the same tick.
                    if (!finished && nextSpare < spare.size()) {
                        ask(spare.get(nextSpare++));
                    }
                }
                case OUT_OF_REACH -> finish(Result.failed(notMet()));
            }
        }

        private void answer() {
            List<NodeId> acknowledged = new ArrayList<>(quorum.answers().size());
            VersionedObject all = null;
            for (ReadQuorum.Answer answer : quorum.answers()) {
                acknowledged.add(answer.replica());
                VersionedObject object = answer.object();
                if (object != null) {
                    all = all == null ? object : local.rules().versions().merge(all, object);
                }
            }
            merged = all;
            if (all != null && all.siblingCount() > 1 && all.values().size() > 1) {
                conflicting.increment();
            }
            finish(Result.of(new GetAnswer(all, new Report(local.self(), acknowledged, command.r()))));
            if (all != null) {
                for (ReadQuorum.Answer answer : quorum.answers()) {
                    repairIfStale(answer.replica(), answer.object(), all);
                }
            }
            compareOthers();
        }

        /** Now and then also asks the owners that this read did not need: without that, what R replicas agree on may miss one for ever. */
        private void compareOthers() {
            if (nextSpare < spare.size()
                    && local.random().nextDouble() < local.config().compareProbability()) {
                while (nextSpare < spare.size()) {
                    ask(spare.get(nextSpare++));
                }
            }
        }

        private void repairAll(NodeId lateOwner, @Nullable VersionedObject theirs, VersionedObject all) {
            repairIfStale(lateOwner, theirs, all);
            VersionedObject before = merged;
            if (before == null || !local.rules().versions().sameDots(before, all)) {
                merged = all;
                for (ReadQuorum.Answer answer : quorum.answers()) {
                    repairIfStale(answer.replica(), answer.object(), all);
                }
            }
        }

        private void repairIfStale(NodeId replica, @Nullable VersionedObject theirs, VersionedObject all) {
            if (local.rules().isStale(theirs, all)) {
                stale.increment();
                repair.repairIfStale(key, hash, replica, theirs, all);
            }
        }

        private void expire() {
            finish(Result.failed(notMet()));
        }

        private Failure notMet() {
            if (quorum.answers().isEmpty() && !corrupt.isEmpty()) {
                return Failure.of(Failure.Kind.RECORD_CORRUPT).with("nodes", corrupt);
            }
            List<NodeId> answered = new ArrayList<>();
            for (ReadQuorum.Answer answer : quorum.answers()) {
                answered.add(answer.replica());
            }
            return Failure.of(Failure.Kind.QUORUM_NOT_MET)
                    .with("required", required)
                    .with("acknowledged", answered.size())
                    .with("nodes", answered)
                    .with("replicas", owners);
        }

        private void finish(Result<GetAnswer> result) {
            if (finished) {
                return;
            }
            finished = true;
            timer.cancel();
            hedge.cancel();
            done.accept(result);
        }
    }
}
