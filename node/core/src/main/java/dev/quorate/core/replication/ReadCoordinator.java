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
 * Coordinates reads: asks R owners, itself first, one more when somebody is slow or fails, and answers with the merge. A sloppy read also asks
 * nodes that stand in for owners that cannot be had. Stale replicas are repaired after the answer, or before it where the bucket says so.
 * Confined to the event loop.
 */
final class ReadCoordinator {
    /** Hedges that may be saved up. */
    static final double HEDGE_BURST = 32;

    private final Local local;
    private final ReplicaSide replicaSide;
    private final ReadRepair repair;
    private final Fallbacks fallbacks;
    private final TokenBucket hedges;
    private final Metrics.Counter hedged;
    private final Metrics.Counter hedgesRefused;
    private final Metrics.Counter conflicting;
    private final Metrics.Counter stale;
    private final Metrics.Counter reads;
    private final Metrics.Counter stoodIn;
    private final Metrics.Counter waited;

    ReadCoordinator(Local local, ReplicaSide replicaSide, ReadRepair repair, Fallbacks fallbacks) {
        this.local = local;
        this.replicaSide = replicaSide;
        this.repair = repair;
        this.fallbacks = fallbacks;
        this.hedges = new TokenBucket(local.config().hedgeBudget() == 0 ? 0 : HEDGE_BURST);
        Metrics metrics = local.metrics();
        this.reads = metrics.counter("reads_coordinated_total", "Reads coordinated here");
        this.hedged =
                metrics.counter("reads_hedged_total", "Reads that asked one more owner because an answer was slow");
        this.hedgesRefused =
                metrics.counter("reads_hedge_refused_total", "Slow reads not hedged because the budget was spent");
        this.conflicting = metrics.counter("reads_with_siblings_total", "Reads answered with more than one value");
        this.stoodIn = metrics.counter(
                "reads_stood_in_total", "Nodes outside the row that sloppy reads asked in place of an owner");
        this.waited = metrics.counter(
                "reads_waited_for_repair_total", "Reads that repaired a stale replica before they answered");
        this.stale = metrics.counter(
                "reads_stale_replica_total", "Answers of replicas that lacked something another one held");
    }

    /** {@code done} is called exactly once, at the latest when {@code timeout} has passed. */
    void read(GetCommand command, KeyHash hash, Duration timeout, Consumer<Result<GetAnswer>> done) {
        reads.increment();
        hedges.accrue(local.config().hedgeBudget());
        new Read(command, hash, timeout, false, done).begin();
    }

    private final class Read {
        private final GetCommand command;
        private final Key key;
        private final KeyHash hash;
        private final long deadline;
        private final Consumer<Result<GetAnswer>> done;
        private final List<NodeId> owners;
        private final long rowEpoch;
        private final boolean again;
        private final ReadQuorum quorum;
        private final int required;
        private final DeadlineWheel.Handle timer;
        private DeadlineWheel.Handle hedge = DeadlineWheel.Handle.NONE;
        private final boolean sloppy;
        // Who can be asked: reachable owners, this node first, then those that have long been there, each in preference
        // order; then those that stand in.
        private final List<NodeId> spare;
        // Positions of those that stand in, by their place behind the owners in spare.
        private @Nullable List<Integer> standIns;
        private int reachableOwners;
        private final List<NodeId> corrupt = new ArrayList<>(0);
        private int nextSpare;
        private boolean rowHasChanged;
        private boolean answering;
        private boolean finished;
        private int upToDate;
        private int repairsAwaited;
        private @Nullable VersionedObject merged;

        /** @param again whether this read begins anew under a row that has changed */
        Read(GetCommand command, KeyHash hash, Duration timeout, boolean again, Consumer<Result<GetAnswer>> done) {
            this.command = command;
            this.key = command.key();
            this.hash = hash;
            this.deadline = local.clock().nanos() + timeout.toNanos();
            this.again = again;
            this.done = done;
            this.owners = local.owners(key, hash);
            this.rowEpoch = local.rowEpoch(hash);
            this.required = Math.max(command.r(), command.pr());
            this.spare = new ArrayList<>(owners.size());
            if (owners.contains(local.self())) {
                spare.add(local.self());
            }
            int settled = spare.size();
            for (NodeId owner : owners) {
                if (!owner.equals(local.self()) && local.peers().reachable(owner)) {
                    // One that has just come back is slow, and lacks what it missed.
                    spare.add(local.peers().settled(owner) ? settled++ : spare.size(), owner);
                }
            }
            this.reachableOwners = spare.size();
            this.sloppy = local.rules().othersMayStandIn(command.mode());
            this.quorum = new ReadQuorum(reachableOwners, required, command.pr());
            if (sloppy && reachableOwners < owners.size()) {
                for (int position = 0; position < owners.size(); position++) {
                    if (!local.reachable(owners.get(position))) {
                        addStandIn(position);
                    }
                }
            }
            this.timer = local.wheel().after(timeout, this::expire);
        }

        void begin() {
            if (spare.size() < required || reachableOwners < command.pr()) {
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
                ask(i);
            }
            boolean more = nextSpare < spare.size()
                    || sloppy && owners.size() < local.table().members().size();
            if (!finished && more) {
                hedge = local.wheel().after(local.config().hedgeAfter(), this::hedge);
            }
        }

        /** Makes one more node available for a position, if there is one. */
        private void addStandIn(int position) {
            NodeId other = nextOther(position);
            if (other != null) {
                if (standIns == null) {
                    standIns = new ArrayList<>(owners.size());
                }
                standIns.add(position);
                spare.add(other);
                quorum.candidate();
                stoodIn.increment();
            }
        }

        private @Nullable NodeId nextOther(int position) {
            // A node that owns nothing of the key but coordinates the read asks itself first.
            if (!owners.contains(local.self()) && !spare.contains(local.self())) {
                return local.self();
            }
            for (NodeId other : fallbacks.of(hash, owners.size(), owners.get(position))) {
                if (!spare.contains(other) && local.reachable(other)) {
                    return other;
                }
            }
            return null;
        }

        private boolean standsIn(int index) {
            return index >= reachableOwners;
        }

        private int position(int index) {
            List<Integer> positions = standIns;
            return standsIn(index) && positions != null
                    ? positions.get(index - reachableOwners)
                    : owners.indexOf(spare.get(index));
        }

        private void hedge() {
            if (finished || rowHasChanged) {
                return;
            }
            if (sloppy && nextSpare >= spare.size()) {
                for (int position = 0; position < owners.size(); position++) {
                    if (!quorum.isAnswered(position) && nextSpare >= spare.size()) {
                        addStandIn(position);
                    }
                }
            }
            if (nextSpare >= spare.size()) {
                return;
            }
            if (!hedges.take()) {
                hedgesRefused.increment();
                return;
            }
            hedged.increment();
            ask(nextSpare++);
        }

        private void ask(int index) {
            quorum.asked();
            NodeId replica = spare.get(index);
            int position = position(index);
            if (replica.equals(local.self())) {
                replicaSide.read(key, hash, reply -> answered(replica, position, reply));
                return;
            }
            call(replica, position, standsIn(index) ? owners.get(position) : null);
        }

        private void call(NodeId replica, int position, @Nullable NodeId standingFor) {
            Duration left =
                    Duration.ofNanos(Math.max(0, deadline - local.clock().nanos()));
            PeerRequest request = new PeerRequest.Read(key, standingFor, rowEpoch);
            local.peers().call(replica, request, left, new PeerCalls.Waiter() {
                @Override
                public void answered(PeerReply reply) {
                    Read.this.answered(replica, position, reply);
                }

                @Override
                public void failed(PeerCalls.CallFailure failure) {
                    Read.this.failed(replica, position);
                }
            });
        }

        private void answered(NodeId replica, int position, PeerReply reply) {
            if (rowHasChanged) {
                return;
            }
            if (reply instanceof PeerReply.ReadReply read) {
                if (answering || finished) {
                    late(replica, read.object());
                } else {
                    boolean asOwner = local.rules().countsAsOwner(replica.equals(owners.get(position)));
                    decide(quorum.answered(position, replica, read.object(), asOwner));
                }
                return;
            }
            PeerReply.Refusal refusal = reply instanceof PeerReply.Refused refused ? refused.refusal() : null;
            if (refusal == PeerReply.Refusal.STALE_RING && !again && !answering && !finished) {
                readUnderNewRow(replica);
                return;
            }
            if (refusal == PeerReply.Refusal.CORRUPT) {
                corrupt.add(replica);
            }
            failed(replica, position);
        }

        /**
         * The row has changed under this read: begins anew, once, with the time that is left. What has answered so far does not count, for two
         * rows need not share a node that took part in a write under one of them.
         */
        private void readUnderNewRow(NodeId refusing) {
            rowHasChanged = true;
            local.ringUpdates().fetchFrom(refusing, () -> {
                if (!finished) {
                    finished = true;
                    timer.cancel();
                    hedge.cancel();
                    long left = Math.max(0, deadline - local.clock().nanos());
                    new Read(command, hash, Duration.ofNanos(left), true, done).begin();
                }
            });
        }

        private void failed(NodeId replica, int position) {
            if (rowHasChanged) {
                return;
            }
            if (sloppy && !answering && !quorum.isAnswered(position)) {
                addStandIn(position);
            }
            decide(quorum.failed(replica.equals(owners.get(position))));
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
                    if (!answering && !finished && nextSpare < spare.size()) {
                        ask(nextSpare++);
                    }
                }
                case OUT_OF_REACH -> finish(Result.failed(notMet()));
            }
        }

        private void answer() {
            answering = true;
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
            Report report = new Report(local.self(), acknowledged, command.r(), quorum.primaries(), List.of());
            GetAnswer answer = new GetAnswer(all, report);
            if (all != null && mustRepairFirst(all)) {
                waited.increment();
                repairFirst(all, answer);
                return;
            }
            finish(Result.of(answer));
            if (all != null) {
                for (ReadQuorum.Answer given : quorum.answers()) {
                    repairIfStale(given.replica(), given.object(), all);
                }
            }
            compareOthers();
        }

        private boolean mustRepairFirst(VersionedObject all) {
            Bucket bucket = local.bucketsById().get(key.bucketId());
            if (bucket == null || bucket.readRepair() != Bucket.Repair.BLOCKING) {
                return false;
            }
            for (ReadQuorum.Answer given : quorum.answers()) {
                upToDate += local.rules().isStale(given.object(), all) ? 0 : 1;
            }
            return upToDate < required;
        }

        /** So that the next read shows no less than this one. A replica that cannot be repaired now makes it fail: the client may ask again. */
        private void repairFirst(VersionedObject all, GetAnswer answer) {
            for (ReadQuorum.Answer given : quorum.answers()) {
                repairsAwaited += local.rules().isStale(given.object(), all) ? 1 : 0;
            }
            for (ReadQuorum.Answer given : quorum.answers()) {
                if (local.rules().isStale(given.object(), all)) {
                    stale.increment();
                    NodeId owner = owners.get(given.position());
                    repair.repairFor(key, given.replica(), owner, given.object(), all, done -> {
                        repairsAwaited--;
                        upToDate += done ? 1 : 0;
                        if (upToDate >= required) {
                            finish(Result.of(answer));
                        } else if (repairsAwaited == 0) {
                            finish(Result.failed(notMet()));
                        }
                    });
                }
            }
        }

        /** Now and then also asks the owners that this read did not need: without that, what R replicas agree on may miss one for ever. */
        private void compareOthers() {
            if (nextSpare < spare.size()
                    && local.random().nextDouble() < local.config().compareProbability()) {
                while (nextSpare < spare.size()) {
                    ask(nextSpare++);
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

        /** Only owners: what a node outside the row holds it hands over, and then forgets. */
        private void repairIfStale(NodeId replica, @Nullable VersionedObject theirs, VersionedObject all) {
            if (owners.contains(replica) && local.rules().isStale(theirs, all)) {
                stale.increment();
                repair.repairIfStale(key, replica, theirs, all);
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
