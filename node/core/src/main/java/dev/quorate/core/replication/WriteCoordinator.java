package dev.quorate.core.replication;

import dev.quorate.core.model.KeyHash;
import dev.quorate.core.peer.Failure;
import dev.quorate.core.peer.Result;
import dev.quorate.core.peer.WriteAnswer;
import dev.quorate.core.peer.WriteCommand;
import dev.quorate.core.runtime.DeadlineWheel;
import dev.quorate.core.runtime.HybridClock;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.runtime.Watched;
import dev.quorate.core.storage.Storage;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/**
 * Coordinates puts and deletes, of keys this node owns or, when no owner can be had, in an owner's stead: mints the dot in its own record,
 * sends the merged state to the other owners at the same moment as to its log, and answers when W nodes hold it durably. Finds the first attempt
 * of a retried write. Confined to the event loop.
 */
final class WriteCoordinator {
    private final Local local;
    private final RequestLedger ledger;
    private final WriteAttempt.Shared shared;
    private final Metrics.Counter retriesAttached;
    private final Metrics.Counter retriesDriven;
    private final Metrics.Counter retriesAnswered;
    private final Metrics.Counter retriesRefused;

    WriteCoordinator(
            Local local,
            DotMint mint,
            HybridClock hybridClock,
            RecordRescue rescue,
            RequestLedger ledger,
            Fallbacks fallbacks,
            HintKeeper keeper) {
        this.local = local;
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
        this.shared = new WriteAttempt.Shared(
                local,
                mint,
                hybridClock,
                rescue,
                ledger,
                new WriteFanOut.Standins(local, fallbacks, new SilenceWatch(local), keeper),
                metrics.counter("siblings_refused_total", "Writes refused because the key holds too many siblings"));
    }

    /** {@code done} is called exactly once, at the latest when {@code timeout} has passed. */
    void write(WriteCommand command, KeyHash hash, Duration timeout, Consumer<Result<WriteAnswer>> done) {
        boolean retry = command.attempt() > 1;
        if (command.requestId().isEmpty()) {
            new WriteAttempt(shared, command, hash, timeout, null, done).begin(retry);
            return;
        }
        RequestLedger.Entry known =
                local.rules().remembersRequests() ? ledger.find(command, hash, local.nowSeconds()) : null;
        if (known == null) {
            RequestLedger.Entry entry = ledger.open(command, hash);
            new WriteAttempt(shared, command, hash, timeout, entry, done).begin(retry);
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
        } else if (answer != null && !command.returnSiblings() && WriteAttempt.reaches(answer, command)) {
            retriesAnswered.increment();
            // The answer lets the client forget the write; it may not rest on what a crash could still undo (rules.md
            // A4).
            Follower follower = new Follower(command, timeout, done);
            whenDurable(local.storage().barrier(), () -> follower.accept(Result.of(answer)));
        } else {
            retriesDriven.increment();
            ledger.reopen(known);
            new WriteAttempt(shared, command, hash, timeout, known, done).driveAgain(known);
        }
    }

    private Result<WriteAnswer> unknown(Failure.Kind kind, String cause) {
        return WriteAttempt.unknown(local.self(), kind, cause);
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
                boolean tooFew = result.match(answer -> !WriteAttempt.reaches(answer, command), failure -> false);
                done.accept(
                        tooFew
                                ? unknown(Failure.Kind.QUORUM_NOT_MET, "the earlier attempt asked for fewer copies")
                                : result);
            }
        }
    }
}
