package dev.quorate.core.replication;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.peer.Result;
import dev.quorate.core.peer.WriteAnswer;
import dev.quorate.core.peer.WriteCommand;
import dev.quorate.core.ring.KeyHasher;
import dev.quorate.core.runtime.Clock;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.version.CausalContext;
import dev.quorate.core.version.Dot;
import dev.quorate.core.version.VersionRules;
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
 * becoming a second write. Kept for {@link #KEPT}, at most {@link #MAX_ENTRIES} answered ones and as many others; a retry that finds nothing
 * is safe all the same (rules.md A11), it may only add a sibling of its own value. Confined to the event loop.
 */
final class RequestLedger {
    static final Duration KEPT = Duration.ofSeconds(60);
    static final int MAX_ENTRIES = 131_072;
    /** Of the contexts of answered ones; an entry has less than a hundred bytes unless its key has a long past. */
    private static final long MAX_CONTEXT_BYTES = 16 << 20;
    /** Retries that may wait for one attempt. */
    static final int MAX_FOLLOWERS = 16;

    /** One write under its request id, while it is under way or after it missed its quorum. */
    static final class Entry {
        private final KeyHash id;
        private final long content;
        private final long since;
        private final List<Consumer<Result<WriteAnswer>>> followers = new ArrayList<>(0);
        private @Nullable Dot dot;
        private CausalContext effective = CausalContext.EMPTY;
        private @Nullable WriteAnswer answer;
        private boolean underWay = true;

        private Entry(KeyHash id, long content, long since) {
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

        /** What an attempt answered; null if none reached its quorum. */
        @Nullable
        WriteAnswer answer() {
            return answer;
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

    private final KeyHasher hasher;
    private final VersionRules versions;
    private final Clock clock;
    private final Map<KeyHash, Entry> open = new LinkedHashMap<>();
    private final AnsweredWrites answered = new AnsweredWrites(MAX_ENTRIES, MAX_CONTEXT_BYTES);
    private final Metrics.Counter evictions;

    RequestLedger(KeyHasher hasher, VersionRules versions, Clock clock, Metrics metrics) {
        this.hasher = hasher;
        this.versions = versions;
        this.clock = clock;
        this.evictions = metrics.counter(
                "request_ids_evicted_total", "Request ids forgotten early because too many writes came");
        metrics.gauge("request_ids", "Request ids remembered", () -> open.size() + answered.size());
    }

    /** The entry of an earlier attempt; null when this coordinator knows none. {@code nowSeconds} since 2020. */
    @Nullable
    Entry find(WriteCommand command, KeyHash hash, int nowSeconds) {
        expire();
        KeyHash id = idOf(command, hash);
        Entry entry = open.get(id);
        if (entry != null) {
            return entry;
        }
        AnsweredWrites.Answered known = answered.find(id);
        if (known == null || known.since() < clock.nanos() - KEPT.toNanos()) {
            return null;
        }
        entry = new Entry(id, known.content(), known.since());
        entry.dot = known.dot();
        entry.underWay = false;
        entry.effective = known.effective();
        // Covers what the write superseded too: an owner that has not heard of the write may still hold that.
        CausalContext context = versions.answerContext(known.effective(), known.dot(), nowSeconds);
        entry.answer = new WriteAnswer(context, null, known.report());
        return entry;
    }

    Entry open(WriteCommand command, KeyHash hash) {
        if (open.size() >= MAX_ENTRIES) {
            evictions.increment();
            Iterator<Entry> inOrder = open.values().iterator();
            inOrder.next();
            inOrder.remove();
        }
        KeyHash id = idOf(command, hash);
        Entry entry = new Entry(id, contentOf(command), clock.nanos());
        open.put(id, entry);
        return entry;
    }

    /** A new attempt at a known write is under way. */
    void reopen(Entry entry) {
        entry.underWay = true;
        answered.remove(entry.id);
        open.put(entry.id, entry);
    }

    /** The attempt ended. One that wrote nothing leaves no trace: the same request may simply come again. */
    void close(Entry entry, Result<WriteAnswer> result) {
        entry.underWay = false;
        WriteAnswer answer = result.match(done -> done, failed -> null);
        Dot dot = entry.dot;
        if (answer != null && dot != null) {
            open.remove(entry.id, entry);
            int forgotten = answered.add(
                    entry.id,
                    new AnsweredWrites.Answered(dot, entry.effective, entry.content, answer.report(), entry.since));
            evictions.add(forgotten);
        } else if (dot == null) {
            open.remove(entry.id, entry);
        }
        List<Consumer<Result<WriteAnswer>>> told = List.copyOf(entry.followers);
        entry.followers.clear();
        for (Consumer<Result<WriteAnswer>> follower : told) {
            follower.accept(result);
        }
    }

    /** 128 bits over key and request id, keyed: two writes share them only by an accident that does not happen. */
    private KeyHash idOf(WriteCommand command, KeyHash hash) {
        KeyHash requestId = hasher.hash(new Key(0, command.requestId()));
        return new KeyHash(hash.high() + requestId.high(), hash.low() + requestId.low());
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
        answered.forgetOlderThan(oldest);
        Iterator<Entry> openInOrder = open.values().iterator();
        while (openInOrder.hasNext() && openInOrder.next().since < oldest) {
            openInOrder.remove();
        }
    }
}
