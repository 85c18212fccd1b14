package dev.quorate.core.replication;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.peer.Result;
import dev.quorate.core.peer.WriteAnswer;
import dev.quorate.core.peer.WriteCommand;
import dev.quorate.core.runtime.Clock;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.version.CausalContext;
import dev.quorate.core.version.Dot;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The writes this coordinator minted lately, by request id, so that a retry of the same write finds its first attempt instead of
 * becoming a second write. Kept for {@link #KEPT} and at most {@link #MAX_ENTRIES}; a retry that finds nothing is safe all the same
 * (rules.md A11), it may only add a sibling of its own value. Confined to the event loop.
 */
final class RequestLedger {
    static final Duration KEPT = Duration.ofSeconds(60);
    static final int MAX_ENTRIES = 131_072;
    /** Retries that may wait for one attempt. */
    static final int MAX_FOLLOWERS = 16;

    private record Id(Key key, Bytes requestId) {}

    /** One write under its request id. */
    static final class Entry {
        private final Id id;
        private final long content;
        private final long since;
        private final List<Consumer<Result<WriteAnswer>>> followers = new ArrayList<>(0);
        private @Nullable Dot dot;
        private CausalContext effective = CausalContext.EMPTY;
        private @Nullable WriteAnswer answer;
        private boolean underWay = true;

        private Entry(Id id, long content, long since) {
            this.id = id;
            this.content = content;
            this.since = since;
        }

        /** Whether the command writes what this entry's write did. Differing values are told apart except by accident. */
        boolean isOf(WriteCommand command) {
            return content == contentOf(command);
        }

        /** Null until the write was minted. */
        @Nullable
        Dot dot() {
            return dot;
        }

        /** What the write superseded. */
        CausalContext effective() {
            return effective;
        }

        void minted(Dot minted, CausalContext superseded) {
            this.dot = minted;
            this.effective = superseded;
        }

        /** Whether the latest attempt has not ended. */
        boolean underWay() {
            return underWay;
        }

        /** What an attempt answered; null if none reached its quorum, or if its answer held siblings. */
        @Nullable
        WriteAnswer answer() {
            return answer;
        }

        /** A new attempt is under way. */
        void reopened() {
            underWay = true;
        }

        /** False when too many wait. */
        boolean follow(Consumer<Result<WriteAnswer>> follower) {
            if (followers.size() >= MAX_FOLLOWERS) {
                return false;
            }
            followers.add(follower);
            return true;
        }
    }

    private final Clock clock;
    private final Map<Id, Entry> entries = new LinkedHashMap<>();
    private final Metrics.Counter evictions;

    RequestLedger(Clock clock, Metrics metrics) {
        this.clock = clock;
        this.evictions = metrics.counter(
                "request_ids_evicted_total", "Request ids forgotten early because too many writes came");
        metrics.gauge("request_ids", "Request ids remembered", entries::size);
    }

    /** The entry of an earlier attempt; null when this coordinator knows none. */
    @Nullable
    Entry find(Key key, Bytes requestId) {
        expire();
        return entries.get(new Id(key, requestId));
    }

    Entry open(WriteCommand command) {
        if (entries.size() >= MAX_ENTRIES) {
            evictions.increment();
            removeOldest();
        }
        Id id = new Id(command.key(), command.requestId());
        Entry entry = new Entry(id, contentOf(command), clock.nanos());
        entries.put(id, entry);
        return entry;
    }

    /** The attempt ended. One that wrote nothing leaves no trace: the same request may simply come again. */
    void close(Entry entry, Result<WriteAnswer> result) {
        entry.underWay = false;
        WriteAnswer answer = result.match(answered -> answered, failed -> null);
        if (answer != null && answer.object() == null) {
            // Without siblings, or a hundred thousand entries could hold the heap's worth of values.
            entry.answer = answer;
        }
        if (entry.dot == null) {
            entries.remove(entry.id, entry);
        }
        List<Consumer<Result<WriteAnswer>>> told = List.copyOf(entry.followers);
        entry.followers.clear();
        for (Consumer<Result<WriteAnswer>> follower : told) {
            follower.accept(result);
        }
    }

    /** Length and checksum of the value: the values themselves would fill the heap. */
    private static long contentOf(WriteCommand command) {
        Bytes value = command.value();
        if (value == null) {
            return -1;
        }
        CRC32C checksum = new CRC32C();
        checksum.update(value.unsafeArray());
        return (long) value.length() << 32 | checksum.getValue();
    }

    private void expire() {
        long oldest = clock.nanos() - KEPT.toNanos();
        Iterator<Entry> inOrder = entries.values().iterator();
        while (inOrder.hasNext() && inOrder.next().since < oldest) {
            inOrder.remove();
        }
    }

    private void removeOldest() {
        Iterator<Entry> inOrder = entries.values().iterator();
        inOrder.next();
        inOrder.remove();
    }
}
