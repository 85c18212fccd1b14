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
import dev.quorate.core.peer.Result;
import dev.quorate.core.peer.WriteAnswer;
import dev.quorate.core.peer.WriteCommand;
import dev.quorate.core.runtime.Metrics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Hands a whole operation to an owner, once: the owner coordinates and never forwards again. Only owners mint, which keeps contexts as
 * small as rows. A write whose bytes have left is never sent again (rules.md A11); a client's retry of it goes to the same owner, if
 * that can be reached. When every owner has refused it, nothing was done anywhere. Confined to the event loop.
 */
final class Forwarder {
    private final Local local;
    private final Metrics.Counter forwarded;
    private final Metrics.Counter retried;

    Forwarder(Local local) {
        this.local = local;
        this.forwarded = local.metrics()
                .counter(
                        "forwarded_total", "Operations handed to an owner because this node could not coordinate them");
        this.retried = local.metrics()
                .counter("forwarded_again_total", "Forwarded operations that went to another owner after the first");
    }

    void get(GetCommand command, List<NodeId> owners, Duration timeout, Consumer<Result<GetAnswer>> done) {
        forwarded.increment();
        new Hop<>(
                        epoch -> new PeerRequest.ForwardGet(command, epoch),
                        command.key(),
                        true,
                        owners,
                        // Anywhere in the row, or its first member would coordinate for every client that knows no
                        // better.
                        local.random().nextInt(owners.size()),
                        timeout,
                        done,
                        reply -> reply instanceof PeerReply.ForwardedGet get ? get.result() : null)
                .next();
    }

    void write(WriteCommand command, List<NodeId> owners, Duration timeout, Consumer<Result<WriteAnswer>> done) {
        forwarded.increment();
        new Hop<>(
                        epoch -> new PeerRequest.ForwardWrite(command, epoch),
                        command.key(),
                        false,
                        owners,
                        // The same for every attempt: that owner knows the earlier ones.
                        Math.floorMod(command.requestId().hashCode(), owners.size()),
                        timeout,
                        done,
                        reply -> reply instanceof PeerReply.ForwardedWrite write ? write.result() : null)
                .next();
    }

    private final class Hop<A> implements PeerCalls.Waiter {
        private final LongFunction<PeerRequest> request;
        private final Key key;
        private final boolean repeatable;
        private final int start;
        private final long deadline;
        private final Consumer<Result<A>> done;
        private final Function<PeerReply, @Nullable Result<A>> reader;
        private final List<NodeId> candidates = new ArrayList<>();
        private List<NodeId> owners;
        private long rowEpoch;
        private boolean asksUnderNewRow;
        private int tried;
        private @Nullable Failure lastFailure;

        Hop(
                LongFunction<PeerRequest> request,
                Key key,
                boolean repeatable,
                List<NodeId> owners,
                int start,
                Duration timeout,
                Consumer<Result<A>> done,
                Function<PeerReply, @Nullable Result<A>> reader) {
            this.request = request;
            this.key = key;
            this.start = start;
            this.repeatable = repeatable;
            this.deadline = local.clock().nanos() + timeout.toNanos();
            this.done = done;
            this.reader = reader;
            this.owners = owners;
            this.rowEpoch = local.rowEpoch(local.hasher().hash(key));
            findCandidates();
        }

        private void findCandidates() {
            candidates.clear();
            tried = 0;
            for (int i = 0; i < owners.size(); i++) {
                NodeId owner = owners.get((start + i) % owners.size());
                if (!owner.equals(local.self()) && local.peers().reachable(owner)) {
                    candidates.add(owner);
                }
            }
        }

        void next() {
            if (tried == candidates.size()) {
                done.accept(Result.failed(
                        lastFailure != null
                                ? lastFailure
                                : Failure.of(Failure.Kind.NOT_ENOUGH_REPLICAS_ALIVE)
                                        .with("required", 1)
                                        .with("alive", 0)
                                        .with("replicas", owners)));
                return;
            }
            if (tried > 0) {
                retried.increment();
            }
            long left = Math.max(0, deadline - local.clock().nanos());
            // A read leaves time to ask the others when the first is a black hole; a write is sent once and gets all of
            // it.
            long share = repeatable ? left / (candidates.size() - tried) : left;
            NodeId owner = candidates.get(tried++);
            local.peers().call(owner, request.apply(rowEpoch), Duration.ofNanos(share), this);
        }

        @Override
        public void answered(PeerReply reply) {
            Result<A> result = reader.apply(reply);
            if (result == null) {
                // Refused before anything was done.
                if (askUnderNewRow(reply)) {
                    return;
                }
                lastFailure = Failure.of(kindOf(reply)).with("node", candidates.get(tried - 1));
                next();
                return;
            }
            Failure failure = result.match(answer -> null, failed -> failed);
            if (failure != null && anotherOwnerMayDo(failure.kind())) {
                lastFailure = failure;
                next();
                return;
            }
            done.accept(result);
        }

        @Override
        public void failed(PeerCalls.CallFailure failure) {
            if (repeatable || failure == PeerCalls.CallFailure.NOT_SENT) {
                lastFailure = Failure.of(
                                repeatable ? Failure.Kind.QUORUM_NOT_MET : Failure.Kind.NOT_ENOUGH_REPLICAS_ALIVE)
                        .with("node", candidates.get(tried - 1))
                        .with("cause", failure);
                next();
                return;
            }
            done.accept(Result.failed(Failure.of(Failure.Kind.DEADLINE)
                    .with("node", candidates.get(tried - 1))
                    .with("cause", failure)));
        }

        /** The row has changed since this node last heard: goes on with the owners of now, once. */
        private boolean askUnderNewRow(PeerReply reply) {
            PeerReply.Refusal refusal = reply instanceof PeerReply.Refused refused ? refused.refusal() : null;
            boolean stale = refusal == PeerReply.Refusal.STALE_RING || refusal == PeerReply.Refusal.NOT_OWNER;
            if (!stale || asksUnderNewRow) {
                return false;
            }
            asksUnderNewRow = true;
            local.ringUpdates().fetchFrom(candidates.get(tried - 1), () -> {
                KeyHash hash = local.hasher().hash(key);
                owners = local.owners(key, hash);
                rowEpoch = local.rowEpoch(hash);
                findCandidates();
                next();
            });
            return true;
        }

        private static Failure.Kind kindOf(PeerReply reply) {
            if (!(reply instanceof PeerReply.Refused refused)) {
                return Failure.Kind.NODE_STARTING;
            }
            return switch (refused.refusal()) {
                case OVERLOADED -> Failure.Kind.OVERLOADED;
                case STORAGE_FULL -> Failure.Kind.STORAGE_FULL;
                case CORRUPT -> Failure.Kind.RECORD_CORRUPT;
                case NOT_OWNER, NOT_READY, MALFORMED, HINTS_FULL, EXPIRED, STALE_RING, NO_MOVE ->
                    Failure.Kind.NODE_STARTING;
            };
        }

        private boolean anotherOwnerMayDo(Failure.Kind kind) {
            return switch (kind) {
                case NODE_STARTING,
                        NODE_DRAINING,
                        OVERLOADED,
                        STORAGE_FULL,
                        RECORD_CORRUPT,
                        NOT_ENOUGH_REPLICAS_ALIVE -> true;
                case QUORUM_NOT_MET -> false;
                case BUCKET_NOT_FOUND,
                        KEY_EMPTY,
                        KEY_TOO_LARGE,
                        VALUE_TOO_LARGE,
                        TOO_MANY_SIBLINGS,
                        CONTEXT_INVALID,
                        CONTEXT_REQUIRED,
                        PRECONDITION_FAILED,
                        QUORUM_INVALID,
                        REQUEST_INVALID,
                        DEADLINE -> false;
            };
        }
    }
}
