package dev.quorate.core.replication;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Failure;
import dev.quorate.core.peer.PeerCalls;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.peer.Report;
import dev.quorate.core.peer.Result;
import dev.quorate.core.peer.WriteAnswer;
import dev.quorate.core.peer.WriteCommand;
import dev.quorate.core.runtime.DeadlineWheel;
import dev.quorate.core.runtime.HybridClock;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.runtime.Watched;
import dev.quorate.core.storage.Lookup;
import dev.quorate.core.storage.Storage;
import dev.quorate.core.storage.Storage.WriteKind;
import dev.quorate.core.version.CausalContext;
import dev.quorate.core.version.Dot;
import dev.quorate.core.version.Sibling;
import dev.quorate.core.version.StoredRecord;
import dev.quorate.core.version.VersionedObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Coordinates puts and deletes of keys this node owns: mints the dot in its own record, sends the merged state to the other owners at
 * the same moment as to its log, and answers when W of them hold it durably. Confined to the event loop.
 */
final class WriteCoordinator {
    private static final String TOO_MANY_WRITES = "too many writes of one key";

    private final Local local;
    private final DotMint mint;
    private final HybridClock hybridClock;
    private final RecordRescue rescue;
    private final RequestLedger ledger;
    private final Metrics.Counter retriesAttached;
    private final Metrics.Counter retriesDriven;
    private final Metrics.Counter retriesAnswered;
    private final Metrics.Counter retriesRefused;
    private final Metrics.Counter siblingsRefused;

    WriteCoordinator(Local local, DotMint mint, HybridClock hybridClock, RecordRescue rescue, RequestLedger ledger) {
        this.local = local;
        this.mint = mint;
        this.hybridClock = hybridClock;
        this.rescue = rescue;
        this.ledger = ledger;
        Metrics metrics = local.metrics();
        this.retriesAttached =
                metrics.counter("retries_attached_total", "Retried writes that joined their first attempt");
        this.retriesDriven = metrics.counter(
                "retries_driven_total", "Retried writes whose failed first attempt was replicated again");
        this.retriesAnswered = metrics.counter(
                "retries_answered_total", "Retried writes answered with the outcome of the first attempt");
        this.retriesRefused = metrics.counter(
                "retries_refused_total", "Retried writes refused because too many waited for one first attempt");
        this.siblingsRefused =
                metrics.counter("siblings_refused_total", "Writes refused because the key holds too many siblings");
    }

    /** {@code done} is called exactly once, at the latest when {@code timeout} has passed. */
    void write(WriteCommand command, KeyHash hash, Duration timeout, Consumer<Result<WriteAnswer>> done) {
        boolean retry = command.attempt() > 1;
        if (command.requestId().isEmpty()) {
            new Write(command, hash, timeout, null, done).begin(retry);
            return;
        }
        RequestLedger.Entry known =
                local.rules().remembersRequests() ? ledger.find(command, hash, local.nowSeconds()) : null;
        if (known == null) {
            RequestLedger.Entry entry = ledger.open(command, hash);
            new Write(command, hash, timeout, entry, done).begin(retry);
            return;
        }
        if (command.attempt() <= 1 && !known.isOf(command)) {
            // Joined to the other write, this one would be acknowledged and nowhere. A later attempt says that it is
            // the
            // same.
            done.accept(Result.failed(Failure.of(Failure.Kind.REQUEST_INVALID)
                    .with("field", "request_id")
                    .with("cause", "another write of this key had the same request id")));
            return;
        }
        WriteAnswer answer = known.answer();
        if (known.underWay()) {
            Follower follower = new Follower(command, timeout, done);
            if (known.follow(follower)) {
                retriesAttached.increment();
            } else {
                retriesRefused.increment();
                follower.accept(unknown(Failure.Kind.QUORUM_NOT_MET, "too many retries of one write"));
            }
        } else if (answer != null && !command.returnSiblings() && reaches(answer, command)) {
            retriesAnswered.increment();
            // The answer lets the client forget the write; it may not rest on what a crash could still undo (rules.md
            // A4).
            Follower follower = new Follower(command, timeout, done);
            whenDurable(local.storage().barrier(), () -> follower.accept(Result.of(answer)));
        } else {
            retriesDriven.increment();
            ledger.reopen(known);
            new Write(command, hash, timeout, known, done).driveAgain(known);
        }
    }

    /** Some attempt at this write was, or may have been, minted: whatever stopped this one, nobody may be told that nothing was written. */
    private Result<WriteAnswer> unknown(Failure.Kind kind, String cause) {
        return Result.failed(Failure.of(kind).with("node", local.self()).with("cause", cause));
    }

    private static int required(WriteCommand command) {
        // Every acknowledgement comes from an owner, so PW is met with W, or asks for more of the same.
        return Math.max(command.w(), command.pw());
    }

    /** Whether as many hold the write as this attempt asks for: another attempt may have asked for fewer. */
    private static boolean reaches(WriteAnswer answer, WriteCommand command) {
        return answer.report().acknowledged().size() >= required(command);
    }

    private void whenDurable(CompletionStage<Storage.Durable> durable, Runnable then) {
        Watched.whenComplete(durable, local.loop(), (done, failure) -> {
            // A failed log has ended the process, or is about to. The client's deadline tells it "unknown", which is
            // the truth.
            if (failure == null || local.rules().failedCommitIsDurable()) {
                then.run();
            }
        });
    }

    /** A retry that waits for its first attempt, or for the disk, but no longer than its own deadline. */
    private final class Follower implements Consumer<Result<WriteAnswer>> {
        private final WriteCommand command;
        private final Consumer<Result<WriteAnswer>> done;
        private final DeadlineWheel.Handle timer;
        private boolean told;

        Follower(WriteCommand command, Duration timeout, Consumer<Result<WriteAnswer>> done) {
            this.command = command;
            this.done = done;
            this.timer = local.wheel()
                    .after(timeout, () -> accept(unknown(Failure.Kind.DEADLINE, "an earlier attempt takes longer")));
        }

        @Override
        public void accept(Result<WriteAnswer> result) {
            if (!told) {
                told = true;
                timer.cancel();
                boolean tooFew = result.match(answer -> !reaches(answer, command), failure -> false);
                done.accept(
                        tooFew
                                ? unknown(Failure.Kind.QUORUM_NOT_MET, "the earlier attempt asked for fewer copies")
                                : result);
            }
        }
    }

    /** One attempt at one write. */
    private final class Write {
        private final WriteCommand command;
        private final Key key;
        private final KeyHash hash;
        private final long deadline;
        private final RequestLedger.@Nullable Entry entry;
        private final Consumer<Result<WriteAnswer>> done;
        private final List<NodeId> owners;
        private final WriteQuorum quorum;
        private DeadlineWheel.Handle timer = DeadlineWheel.Handle.NONE;
        private @Nullable WriteAnswer answer;
        private boolean finished;

        Write(
                WriteCommand command,
                KeyHash hash,
                Duration timeout,
                RequestLedger.@Nullable Entry entry,
                Consumer<Result<WriteAnswer>> done) {
            this.command = command;
            this.key = command.key();
            this.hash = hash;
            this.deadline = local.clock().nanos() + timeout.toNanos();
            this.entry = entry;
            this.done = done;
            this.owners = local.owners(key, hash);
            this.quorum = new WriteQuorum(owners.size(), local.rules().acknowledgementsFor(required(command)));
            this.timer = local.wheel().after(timeout, this::expire);
        }

        /** Decides what can be decided without writing, then writes. */
        void begin(boolean retryOfUnknown) {
            Failure early = refuseEarly();
            if (early != null) {
                finish(Result.failed(early));
                return;
            }
            boolean accepted = local.replicas().update(key, hash, lookup -> apply(lookup, retryOfUnknown, false));
            if (!accepted) {
                finish(gotNoTurn(TOO_MANY_WRITES));
            }
        }

        /** The first attempt was minted here and missed its quorum: replicate what we hold, if that includes it, under the same dot. */
        void driveAgain(RequestLedger.Entry known) {
            boolean accepted = local.replicas().update(key, hash, lookup -> {
                if (finished) {
                    return;
                }
                Dot dot = known.dot();
                StoredRecord held = lookup instanceof Lookup.Found found ? found.record() : null;
                if (dot == null || held == null || !held.object().context().covers(dot)) {
                    // The record went bad, and perhaps the others' came in its place: to replicate that would
                    // acknowledge
                    // a write that is nowhere.
                    finish(unknown(Failure.Kind.QUORUM_NOT_MET, "the record went bad"));
                    return;
                }
                replicate(held, dot, known.effective(), local.storage().barrier());
            });
            if (!accepted) {
                finish(gotNoTurn(TOO_MANY_WRITES));
            }
        }

        private @Nullable Failure refuseEarly() {
            int required = required(command);
            int alive = 0;
            List<NodeId> unreachable = new ArrayList<>();
            for (NodeId owner : owners) {
                if (local.reachable(owner)) {
                    alive++;
                } else {
                    unreachable.add(owner);
                }
            }
            if (alive < required) {
                return Failure.of(Failure.Kind.NOT_ENOUGH_REPLICAS_ALIVE)
                        .with("required", required)
                        .with("alive", alive)
                        .with("replicas", owners)
                        .with("unreachable", unreachable);
            }
            return refusedByStorage();
        }

        private @Nullable Failure refusedByStorage() {
            Storage.Refusal refusal =
                    local.storage().refusal(command.isDelete() ? WriteKind.CLIENT_DELETE : WriteKind.CLIENT_PUT);
            if (refusal == null) {
                return null;
            }
            return switch (refusal) {
                case OVERLOADED -> Failure.of(Failure.Kind.OVERLOADED).with("node", local.self());
                case STORAGE_FULL -> Failure.of(Failure.Kind.STORAGE_FULL).with("node", local.self());
            };
        }

        private void apply(Lookup lookup, boolean retryOfUnknown, boolean bootRenewed) {
            if (finished) {
                // The deadline passed while the write waited for its turn; nothing was minted, so nothing happened.
                return;
            }
            if (lookup instanceof Lookup.Damaged && !local.rules().damageIsAbsence()) {
                rescue.start(key, hash);
                finish(Result.failed(Failure.of(Failure.Kind.RECORD_CORRUPT).with("node", local.self())));
                return;
            }
            StoredRecord held = lookup instanceof Lookup.Found found ? found.record() : null;
            CausalContext effective = effectiveContext(held, retryOfUnknown);
            if (effective == null) {
                finish(Result.failed(Failure.of(Failure.Kind.CONTEXT_REQUIRED)));
                return;
            }
            // First: with an identity that lived elsewhere, every honest context would look like a forged one below.
            if (!local.rules().dotIsFree(held, CausalContext.EMPTY, mint.peek())) {
                renewBoot(retryOfUnknown, bootRenewed);
                return;
            }
            Failure refused = refuse(held, effective);
            if (refused != null) {
                finish(Result.failed(refused));
                return;
            }
            if (!local.rules().dotIsFree(held, effective, mint.peek())) {
                renewBoot(retryOfUnknown, bootRenewed);
                return;
            }
            Bytes value = command.value();
            Dot dot = mint.mint();
            StoredRecord record = local.rules()
                    .versions()
                    .put(
                            held,
                            key,
                            effective,
                            dot,
                            hybridClock.next(),
                            value == null ? Sibling.Kind.TOMBSTONE : Sibling.Kind.VALUE,
                            value == null ? Bytes.EMPTY : value,
                            local.nowSeconds());
            if (entry != null) {
                entry.minted(dot, effective);
            }
            replicate(record, dot, effective, local.replicas().commit(hash, held, record));
        }

        /** This identity lived elsewhere: with a dot that is known already, replicas would merge the write away (rules.md A2). */
        private void renewBoot(boolean retryOfUnknown, boolean bootRenewed) {
            if (bootRenewed) {
                throw new IllegalStateException(
                        "a fresh boot's dot " + mint.peek() + " of key " + key + " is known already");
            }
            Watched.whenComplete(mint.renew(), local.loop(), (boot, failure) -> {
                if (failure != null) {
                    finish(Result.failed(Failure.of(Failure.Kind.NODE_STARTING)
                            .with("cause", "no new boot number: " + failure.getMessage())));
                    return;
                }
                boolean accepted = local.replicas().update(key, hash, again -> apply(again, retryOfUnknown, true));
                if (!accepted) {
                    finish(gotNoTurn(TOO_MANY_WRITES));
                }
            });
        }

        /** What the write supersedes; null when the bucket wants a context and there is none. */
        private @Nullable CausalContext effectiveContext(@Nullable StoredRecord held, boolean retryOfUnknown) {
            if (command.seen() != null) {
                return command.seen();
            }
            Bucket bucket = local.bucketsById().get(key.bucketId());
            Bucket.BlindWrites policy = bucket == null ? Bucket.BlindWrites.SIBLING : bucket.blindWrites();
            CausalContext heldContext =
                    held == null ? CausalContext.EMPTY : held.object().context();
            return switch (policy) {
                case OVERWRITE_SEEN, SIBLING -> local.rules().blindContext(policy, heldContext, retryOfUnknown);
                // A condition that nothing is there is all a client can know of a key that was never written.
                case REJECT -> command.ifAbsent() ? CausalContext.EMPTY : null;
            };
        }

        private @Nullable Failure refuse(@Nullable StoredRecord held, CausalContext effective) {
            // Asked before, but since then the write may have waited behind a read, with thousands of others.
            Failure byStorage = refusedByStorage();
            if (byStorage != null) {
                return byStorage;
            }
            if (command.seen() != null && mint.neverMinted(command.seen())) {
                return Failure.of(Failure.Kind.CONTEXT_INVALID)
                        .with("cause", "it names writes of " + local.self() + " that were never made");
            }
            if (held == null) {
                return null;
            }
            if (command.ifAbsent() && !held.object().isDeleted()) {
                return Failure.of(Failure.Kind.PRECONDITION_FAILED)
                        .with("condition", "if_absent")
                        .with("siblings", held.object().values().size());
            }
            int staying = 0;
            for (Sibling sibling : held.object().siblings()) {
                if (!effective.covers(sibling.dot())) {
                    staying++;
                }
            }
            if (staying >= local.config().maxSiblings()) {
                siblingsRefused.increment();
                return Failure.of(Failure.Kind.TOO_MANY_SIBLINGS)
                        .with("siblings", staying)
                        .with("limit", local.config().maxSiblings());
            }
            return null;
        }

        private void replicate(
                StoredRecord record, Dot dot, CausalContext effective, CompletionStage<Storage.Durable> durable) {
            VersionedObject object = record.object();
            CausalContext context = command.returnSiblings()
                    ? local.rules().versions().readContext(object)
                    : local.rules().answerContext(effective, dot, object, local.nowSeconds());
            answer = new WriteAnswer(
                    context,
                    command.returnSiblings() ? object : null,
                    new Report(local.self(), quorum.acknowledged(), command.w()));
            // Before our own sync: the others' network and disk time overlaps with ours.
            PeerRequest.Replicate request = PeerRequest.Replicate.toOwner(key, object);
            Duration left =
                    Duration.ofNanos(Math.max(0, deadline - local.clock().nanos()));
            for (NodeId owner : owners) {
                if (!owner.equals(local.self())) {
                    local.peers().call(owner, request, left, new Acknowledgement(owner));
                }
            }
            if (local.rules().acknowledgesOnlyDurable()) {
                whenDurable(durable, () -> decide(quorum.acknowledged(local.self())));
            } else {
                decide(quorum.acknowledged(local.self()));
            }
        }

        private void decide(WriteQuorum.Decision decision) {
            switch (decision) {
                case WAIT -> {}
                case MET -> {
                    if (answer != null) {
                        Report asOfNow = new Report(
                                local.self(),
                                List.copyOf(quorum.acknowledged()),
                                answer.report().required());
                        finish(Result.of(new WriteAnswer(answer.context(), answer.object(), asOfNow)));
                    }
                }
                case OUT_OF_REACH -> finish(Result.failed(quorumNotMet()));
            }
        }

        private void expire() {
            finish(
                    answer == null
                            ? gotNoTurn("the deadline passed before the write began")
                            : Result.failed(quorumNotMet()));
        }

        /** This attempt minted nothing and never will. Whether an earlier one did, its entry knows. */
        private Result<WriteAnswer> gotNoTurn(String cause) {
            boolean minted = entry != null && entry.dot() != null;
            return minted
                    ? unknown(Failure.Kind.QUORUM_NOT_MET, cause)
                    : Result.failed(Failure.of(Failure.Kind.OVERLOADED).with("cause", cause));
        }

        private Failure quorumNotMet() {
            return Failure.of(Failure.Kind.QUORUM_NOT_MET)
                    .with("required", required(command))
                    .with("acknowledged", quorum.acknowledged().size())
                    .with("nodes", quorum.acknowledged())
                    .with("replicas", owners);
        }

        private void finish(Result<WriteAnswer> result) {
            if (finished) {
                return;
            }
            finished = true;
            timer.cancel();
            if (entry != null) {
                ledger.close(entry, result);
            }
            done.accept(result);
        }

        /** One other owner's part. */
        private final class Acknowledgement implements PeerCalls.Waiter {
            private final NodeId owner;

            Acknowledgement(NodeId owner) {
                this.owner = owner;
            }

            @Override
            public void answered(PeerReply reply) {
                boolean holdsIt = reply instanceof PeerReply.Replicated;
                decide(holdsIt ? quorum.acknowledged(owner) : quorum.failed());
            }

            @Override
            public void failed(PeerCalls.CallFailure failure) {
                decide(quorum.failed());
            }
        }
    }
}
