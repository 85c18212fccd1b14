package dev.quorate.core.replication;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Failure;
import dev.quorate.core.peer.Mode;
import dev.quorate.core.peer.Result;
import dev.quorate.core.peer.WriteAnswer;
import dev.quorate.core.peer.WriteCommand;
import dev.quorate.core.ring.RingState;
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
 * One attempt at one write: decides in this node's own record what the write supersedes, mints its dot, and answers when {@link WriteFanOut}
 * has brought it to W nodes. Confined to the event loop.
 */
final class WriteAttempt implements WriteFanOut.Listener {
    private static final String TOO_MANY_WRITES = "too many writes of one key";

    /** What the attempts of a node share. */
    record Shared(
            Local local,
            DotMint mint,
            HybridClock hybridClock,
            RecordRescue rescue,
            RequestLedger ledger,
            WriteFanOut.Standins standins,
            Metrics.Counter siblingsRefused) {}

    private final Shared shared;
    private final Local local;
    private final WriteCommand command;
    private final Key key;
    private final KeyHash hash;
    private final RequestLedger.@Nullable Entry entry;
    private final Consumer<Result<WriteAnswer>> done;
    private final RingState ring;
    private final List<NodeId> owners;
    private final WriteFanOut fanOut;
    private final DeadlineWheel.Handle timer;
    private @Nullable CausalContext answerContext;
    private @Nullable VersionedObject answerObject;
    private boolean finished;

    WriteAttempt(
            Shared shared,
            WriteCommand command,
            KeyHash hash,
            Duration timeout,
            RequestLedger.@Nullable Entry entry,
            Consumer<Result<WriteAnswer>> done) {
        this.shared = shared;
        this.local = shared.local();
        this.command = command;
        this.key = command.key();
        this.hash = hash;
        this.entry = entry;
        this.done = done;
        this.ring = local.ring().state();
        this.owners = local.owners(key, hash);
        this.fanOut = new WriteFanOut(
                shared.standins(),
                key,
                hash,
                owners,
                command.mode(),
                local.clock().nanos() + timeout.toNanos(),
                new WriteQuorum(owners.size(), local.rules().acknowledgementsFor(command.w()), command.pw()),
                this);
        this.timer = local.wheel().after(timeout, this::expire);
    }

    /** Whether as many hold the write as this command asks for: another attempt may have asked for fewer, or counted others. */
    static boolean reaches(WriteAnswer answer, WriteCommand command) {
        int owners = command.mode() == Mode.STRICT ? Math.max(command.w(), command.pw()) : command.pw();
        return answer.report().acknowledged().size() >= command.w()
                && answer.report().primaries() >= owners;
    }

    /** Some attempt at this write was, or may have been, minted: whatever stopped this one, nobody may be told that nothing was written. */
    static Result<WriteAnswer> unknown(NodeId self, Failure.Kind kind, String cause) {
        return Result.failed(Failure.of(kind).with("node", self).with("cause", cause));
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
            if (dot == null || held == null || !held.object().context().covers(dot) || !fanOut.hasOwnPosition()) {
                // The record went bad, and perhaps the others' came in its place, or it was handed to its owner: to
                // replicate that would acknowledge a write that is nowhere.
                finish(unknown(local.self(), Failure.Kind.QUORUM_NOT_MET, "the record is not here any more"));
                return;
            }
            replicate(held, dot, known.effective(), local.replicas().barrier(hash));
        });
        if (!accepted) {
            finish(gotNoTurn(TOO_MANY_WRITES));
        }
    }

    private @Nullable Failure refuseEarly() {
        int alive = 0;
        for (NodeId owner : owners) {
            if (local.reachable(owner)) {
                alive++;
            }
        }
        int absent = owners.size() - alive;
        int standIns = absent == 0 ? 0 : fanOut.othersReachable(absent);
        if (alive + standIns < command.w() || alive < command.pw()) {
            List<NodeId> unreachable = new ArrayList<>();
            for (NodeId owner : owners) {
                if (!local.reachable(owner)) {
                    unreachable.add(owner);
                }
            }
            return Failure.of(Failure.Kind.NOT_ENOUGH_REPLICAS_ALIVE)
                    .with("required", command.w())
                    .with("alive", alive + standIns)
                    .with("replicas", owners)
                    .with("unreachable", unreachable);
        }
        return fanOut.hasOwnPosition() ? refusedByStorage() : noRoomForHints();
    }

    private Failure noRoomForHints() {
        return Failure.of(Failure.Kind.NOT_ENOUGH_REPLICAS_ALIVE)
                .with("node", local.self())
                .with("cause", "too many hints wait for the owners")
                .with("replicas", owners);
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
            shared.rescue().start(key, hash);
            finish(Result.failed(Failure.of(Failure.Kind.RECORD_CORRUPT).with("node", local.self())));
            return;
        }
        boolean sameRing = ring == local.ring().state();
        if (!sameRing
                && owners.contains(local.self())
                && !local.owners(key, hash).contains(local.self())) {
            // What is written here from now on is in nobody's row, and handed to nobody.
            finish(gotNoTurn("the slot was handed over before the write began"));
            return;
        }
        StoredRecord held = lookup instanceof Lookup.Found found ? found.record() : null;
        CausalContext effective = effectiveContext(held, retryOfUnknown);
        if (effective == null) {
            finish(Result.failed(Failure.of(Failure.Kind.CONTEXT_REQUIRED)));
            return;
        }
        DotMint mint = shared.mint();
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
                        shared.hybridClock().next(),
                        value == null ? Sibling.Kind.TOMBSTONE : Sibling.Kind.VALUE,
                        value == null ? Bytes.EMPTY : value,
                        local.nowSeconds());
        record = fanOut.plan(record);
        if (entry != null) {
            entry.minted(dot, effective);
        }
        replicate(record, dot, effective, local.replicas().commit(hash, held, record));
    }

    /** This identity lived elsewhere: with a dot that is known already, replicas would merge the write away (rules.md A2). */
    private void renewBoot(boolean retryOfUnknown, boolean bootRenewed) {
        DotMint mint = shared.mint();
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
        if (!fanOut.mayHoldHere(held)) {
            // Other writes took what room there was; without a hint the object would be nobody's, and stay here for
            // ever.
            return noRoomForHints();
        }
        if (command.seen() != null && shared.mint().neverMinted(command.seen())) {
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
            shared.siblingsRefused().increment();
            return Failure.of(Failure.Kind.TOO_MANY_SIBLINGS)
                    .with("siblings", staying)
                    .with("limit", local.config().maxSiblings());
        }
        return null;
    }

    private void replicate(
            StoredRecord record, Dot dot, CausalContext effective, CompletionStage<Storage.Durable> durable) {
        VersionedObject object = record.object();
        if (command.returnSiblings()) {
            answerContext = local.rules().versions().readContext(object);
            answerObject = object;
        } else {
            answerContext = local.rules().answerContext(effective, dot, object, local.nowSeconds());
        }
        fanOut.start(object);
        if (local.rules().acknowledgesOnlyDurable()) {
            Watched.whenComplete(durable, local.loop(), (done, failure) -> {
                // A failed log has ended the process, or is about to. The client's deadline tells it "unknown", which
                // is the truth.
                if (failure == null || local.rules().failedCommitIsDurable()) {
                    fanOut.heldHere();
                }
            });
        } else {
            fanOut.heldHere();
        }
    }

    @Override
    public void decided(WriteQuorum.Decision decision) {
        switch (decision) {
            case WAIT -> {}
            case MET -> {
                CausalContext context = answerContext;
                if (context != null) {
                    finish(Result.of(new WriteAnswer(context, answerObject, fanOut.report(command.w()))));
                }
            }
            case OUT_OF_REACH -> finish(Result.failed(quorumNotMet()));
        }
    }

    private void expire() {
        finish(
                answerContext == null
                        ? gotNoTurn("the deadline passed before the write began")
                        : Result.failed(quorumNotMet()));
    }

    /** This attempt minted nothing and never will. Whether an earlier one did, its entry knows. */
    private Result<WriteAnswer> gotNoTurn(String cause) {
        boolean minted = entry != null && entry.dot() != null;
        return minted
                ? unknown(local.self(), Failure.Kind.QUORUM_NOT_MET, cause)
                : Result.failed(Failure.of(Failure.Kind.OVERLOADED).with("cause", cause));
    }

    private Failure quorumNotMet() {
        WriteQuorum quorum = fanOut.quorum();
        return Failure.of(Failure.Kind.QUORUM_NOT_MET)
                .with("required", command.w())
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
        fanOut.over();
        if (entry != null) {
            shared.ledger().close(entry, result);
        }
        done.accept(result);
    }
}
