package dev.quorate.core.storage;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Check;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * One node's sorted tables of bytes to bytes, behind a write-ahead log.
 *
 * <p>Called on the event loop only; every stage completes on the event loop. One contract suite, {@code StorageContractTest},
 * holds for every implementation.
 */
public interface Storage {
    /**
     * The newest committed value, durable or not; null when absent. Already complete when the answer is at hand (memory tables, or a
     * warm page), which is not promised: a caller that reads to write must queue later work on the same key (rules.md A3).
     */
    CompletionStage<@Nullable Bytes> get(Table table, Bytes key);

    /**
     * Makes the batch visible to {@link #get} before it returns, and completes when the log has synced it. Completes exceptionally with
     * {@link StorageFailedException} when the outcome is unknown: never read that as "not written". Ask {@link #refusal} first: a batch
     * committed in spite of a refusal is a defect of the caller.
     */
    CompletionStage<Durable> commit(WriteBatch batch);

    /**
     * Completes when everything applied before this call is durable: what a node must wait for before it tells others anything they may
     * count, drop or forget on the strength of what it holds (rules.md A4).
     */
    CompletionStage<Durable> barrier();

    /** Whether a write of this kind may be committed now; null when it may. */
    @Nullable
    Refusal refusal(WriteKind kind);

    /**
     * Entries with {@code range.from <= key < range.endExclusive} in key order, newest values, until the budget is spent. Never blocks
     * for longer than the budget allows; continue after {@link Page#resumeAfter}.
     */
    CompletionStage<Page> scan(Table table, KeyRange range, ScanBudget budget);

    /** 0 to 100: how full the queues are that a write passes through. */
    int load();

    /** The log sequence number up to which everything is on disk. */
    record Durable(long lsn) {}

    /** Who wants to write. Under pressure clients are refused first (protocols.md 5.6). */
    enum WriteKind {
        /** A value from a client. */
        CLIENT_PUT,
        /** A deletion from a client: allowed while the disk is nearly full. */
        CLIENT_DELETE,
        /** A merge that a peer asks for. */
        REPLICA_MERGE,
        /** Read repair and other work that can wait: refused first of all. */
        BACKGROUND
    }

    /** Why a write is refused. Nothing was applied. */
    enum Refusal {
        /** Log queue or memory tables are full; goes away by itself. */
        OVERLOADED,
        /** Free disk is below the reserve. */
        STORAGE_FULL
    }

    /** {@code from} inclusive; {@code endExclusive} null means to the end of the table. */
    record KeyRange(Bytes from, @Nullable Bytes endExclusive) {
        /** The whole table. */
        public static final KeyRange ALL = new KeyRange(Bytes.EMPTY, null);

        /** What is left of this range after {@code last}, the {@link Page#resumeAfter} of the page before. */
        public KeyRange after(Bytes last) {
            return new KeyRange(Bytes.owning(Arrays.copyOf(last.unsafeArray(), last.length() + 1)), endExclusive);
        }

        public boolean contains(Bytes key) {
            return key.compareTo(from) >= 0 && (endExclusive == null || key.compareTo(endExclusive) < 0);
        }
    }

    /**
     * Bounds of one page, both at least 1. Every page looks at one key at least, however large its value. Deleted keys passed over may
     * count, so a page that is not the last may be empty.
     */
    record ScanBudget(int maxEntries, int maxBytes) {
        public ScanBudget {
            Check.argument(
                    maxEntries >= 1 && maxBytes >= 1, "scan budget of %d entries, %d bytes", maxEntries, maxBytes);
        }
    }

    /** One entry. */
    record Entry(Bytes key, Bytes value) {}

    /** {@code resumeAfter} is the last key looked at; null when the range is exhausted. */
    record Page(List<Entry> entries, @Nullable Bytes resumeAfter) {}
}
