package dev.quorate.core.version;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Check;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A set of dots, as closed intervals of sequences per actor: all writes that something has seen. One set has one form: actors
 * ascend, and intervals of one actor neither overlap nor touch, because those that would are united.
 *
 * <p>Each interval remembers when it was last extended, in seconds since 2020, only so that pruning can begin with the oldest. A
 * united interval takes the latest time of its parts. Every given interval ends up inside exactly one united one, so that time is
 * the maximum over the same parts in whatever order unions happen: union stays commutative, associative and idempotent, times
 * included. Two contexts are {@linkplain #equals equal} when they cover the same dots; times say nothing about causality.
 *
 * <p>Kept as parallel arrays: the usual context has one to three intervals, and every operation of the store reads one.
 */
public final class CausalContext {
    public static final CausalContext EMPTY = new CausalContext(new Actor[0], new long[0], new long[0], new int[0]);

    /** Six varints of at least one byte each: bounds what a count in a short message may make us allocate. */
    private static final int SMALLEST_ENTRY = 6;

    private final Actor[] actors;
    private final long[] firsts;
    private final long[] lasts;
    private final int[] seconds;

    private CausalContext(Actor[] actors, long[] firsts, long[] lasts, int[] seconds) {
        this.actors = actors;
        this.firsts = firsts;
        this.lasts = lasts;
        this.seconds = seconds;
    }

    public boolean isEmpty() {
        return actors.length == 0;
    }

    /** Intervals: the unit in which contexts grow, are pruned and are limited. */
    public int entryCount() {
        return actors.length;
    }

    public boolean covers(Dot dot) {
        return entryCovering(dot) >= 0;
    }

    /** The greatest sequence of the actor that this covers, or -1 if it covers none. */
    public long highest(Actor actor) {
        int last = lastEntryUpTo(actor, Long.MAX_VALUE);
        return last >= 0 && actors[last].compareTo(actor) == 0 ? lasts[last] : -1;
    }

    /** Everything that either covers; this or the other instance itself when it already is that. */
    public CausalContext union(CausalContext other) {
        if (includes(other)) {
            return this;
        }
        if (other.includes(this)) {
            return other;
        }
        int here = actors.length;
        int there = other.actors.length;
        Growing united = new Growing(here + there);
        int i = 0;
        int j = 0;
        while (i < here || j < there) {
            boolean takeHere = j == there || (i < here && precedes(i, other, j));
            if (takeHere) {
                united.append(actors[i], firsts[i], lasts[i], seconds[i]);
                i++;
            } else {
                united.append(other.actors[j], other.firsts[j], other.lasts[j], other.seconds[j]);
                j++;
            }
        }
        return united.finish();
    }

    /** With one more interval, last extended at {@code seconds}; this instance if that adds nothing. */
    public CausalContext withInterval(Actor actor, long from, long toInclusive, int seconds) {
        Check.argument(0 < from && from <= toInclusive, "%s..%s is no interval of sequences", from, toInclusive);
        Check.argument(seconds >= 0, "%s seconds is before 2020", seconds);
        // [low, high) are the entries that overlap or touch the new one.
        int low = lastEntryUpTo(actor, from);
        if (low < 0 || actors[low].compareTo(actor) != 0 || lasts[low] < from - 1) {
            low++;
        }
        int high = low;
        long first = from;
        long last = toInclusive;
        int latest = seconds;
        while (high < actors.length && actors[high].compareTo(actor) == 0 && firsts[high] - 1 <= toInclusive) {
            first = Math.min(first, firsts[high]);
            last = Math.max(last, lasts[high]);
            latest = Math.max(latest, this.seconds[high]);
            high++;
        }
        if (high == low + 1 && firsts[low] == first && lasts[low] == last && this.seconds[low] == latest) {
            return this;
        }
        int size = actors.length - (high - low) + 1;
        int tail = actors.length - high;
        Actor[] newActors = Arrays.copyOf(actors, size);
        long[] newFirsts = Arrays.copyOf(firsts, size);
        long[] newLasts = Arrays.copyOf(lasts, size);
        int[] newSeconds = Arrays.copyOf(this.seconds, size);
        System.arraycopy(actors, high, newActors, low + 1, tail);
        System.arraycopy(firsts, high, newFirsts, low + 1, tail);
        System.arraycopy(lasts, high, newLasts, low + 1, tail);
        System.arraycopy(this.seconds, high, newSeconds, low + 1, tail);
        newActors[low] = actor;
        newFirsts[low] = first;
        newLasts[low] = last;
        newSeconds[low] = latest;
        return new CausalContext(newActors, newFirsts, newLasts, newSeconds);
    }

    /** One text per interval, {@code cluster.node.boot:[first-last]}, for people. */
    public List<String> describe() {
        List<String> texts = new ArrayList<>(actors.length);
        for (int i = 0; i < actors.length; i++) {
            texts.add(actors[i] + ":[" + firsts[i] + "-" + lasts[i] + "]");
        }
        return texts;
    }

    /** The canonical bytes, for a message between nodes; clients get a {@link ContextToken}. */
    public Bytes encoded() {
        byte[] array = new byte[encodedSize()];
        writeTo(array, 0);
        return Bytes.owning(array);
    }

    /** Reads what {@link #encoded} wrote and nothing else. @throws MalformedException for anything else */
    public static CausalContext decode(Bytes encoded) {
        StrictReader reader = new StrictReader(encoded.unsafeArray(), 0, encoded.length());
        CausalContext context = read(reader);
        reader.end();
        return context;
    }

    int encodedSize() {
        int size = Wire.varintSize(actors.length);
        for (int i = 0; i < actors.length; i++) {
            size += Wire.varintSize(actors[i].cluster())
                    + Wire.varintSize(actors[i].node())
                    + Wire.varintSize(actors[i].boot())
                    + Wire.varintSize(firsts[i])
                    + Wire.varintSize(lasts[i] - firsts[i])
                    + Wire.varintSize(seconds[i]);
        }
        return size;
    }

    int writeTo(byte[] target, int start) {
        int position = Wire.varint(target, start, actors.length);
        for (int i = 0; i < actors.length; i++) {
            position = Wire.varint(target, position, actors[i].cluster());
            position = Wire.varint(target, position, actors[i].node());
            position = Wire.varint(target, position, actors[i].boot());
            position = Wire.varint(target, position, firsts[i]);
            position = Wire.varint(target, position, lasts[i] - firsts[i]);
            position = Wire.varint(target, position, seconds[i]);
        }
        return position;
    }

    static CausalContext read(StrictReader reader) {
        int size = (int) reader.varintBetween(0, reader.remaining() / SMALLEST_ENTRY, "number of intervals");
        if (size == 0) {
            return EMPTY;
        }
        Actor[] actors = new Actor[size];
        long[] firsts = new long[size];
        long[] lasts = new long[size];
        int[] seconds = new int[size];
        for (int i = 0; i < size; i++) {
            int cluster = (int) reader.varintBetween(0, Integer.MAX_VALUE, "cluster number");
            int node = (int) reader.varintBetween(1, Integer.MAX_VALUE, "node number");
            long boot = reader.varint();
            long first = reader.varintBetween(1, Long.MAX_VALUE, "first sequence");
            long last = first + reader.varintBetween(0, Long.MAX_VALUE - first, "length");
            Actor actor = new Actor(cluster, node, boot);
            if (i > 0) {
                int order = actors[i - 1].compareTo(actor);
                if (order > 0 || (order == 0 && first - 1 <= lasts[i - 1])) {
                    throw reader.malformed("intervals out of order or not united");
                }
                if (order == 0) {
                    actor = actors[i - 1];
                }
            }
            actors[i] = actor;
            firsts[i] = first;
            lasts[i] = last;
            seconds[i] = (int) reader.varintBetween(0, Integer.MAX_VALUE, "seconds");
        }
        return new CausalContext(actors, firsts, lasts, seconds);
    }

    /** The entry that covers the dot, or a negative number. */
    int entryCovering(Dot dot) {
        int entry = lastEntryUpTo(dot.actor(), dot.sequence());
        return entry >= 0 && lasts[entry] >= dot.sequence() && actors[entry].compareTo(dot.actor()) == 0 ? entry : -1;
    }

    Actor actorOf(int entry) {
        return actors[entry];
    }

    boolean entryCovers(int entry, long sequence) {
        return firsts[entry] <= sequence && sequence <= lasts[entry];
    }

    /** Whether entry {@code a} was last extended before entry {@code b}; the order of the set decides ties. */
    boolean olderThan(int a, int b) {
        return seconds[a] != seconds[b] ? seconds[a] < seconds[b] : a < b;
    }

    CausalContext withoutEntries(boolean[] dropped, int droppedCount) {
        Growing kept = new Growing(actors.length - droppedCount);
        for (int i = 0; i < actors.length; i++) {
            if (!dropped[i]) {
                kept.append(actors[i], firsts[i], lasts[i], seconds[i]);
            }
        }
        return kept.finish();
    }

    /** Whether the union with the other would be this, times included. */
    boolean includes(CausalContext other) {
        if (other == this) {
            return true;
        }
        int i = 0;
        for (int j = 0; j < other.actors.length; j++) {
            int order = -1;
            while (i < actors.length) {
                order = actors[i].compareTo(other.actors[j]);
                if (order > 0 || (order == 0 && lasts[i] >= other.firsts[j])) {
                    break;
                }
                i++;
            }
            if (i == actors.length
                    || order != 0
                    || firsts[i] > other.firsts[j]
                    || lasts[i] < other.lasts[j]
                    || seconds[i] < other.seconds[j]) {
                return false;
            }
        }
        return true;
    }

    private boolean precedes(int i, CausalContext other, int j) {
        int byActor = actors[i].compareTo(other.actors[j]);
        return byActor != 0 ? byActor < 0 : firsts[i] < other.firsts[j];
    }

    /** The last entry that begins at or before this point of the order, or -1. */
    private int lastEntryUpTo(Actor actor, long sequence) {
        int low = 0;
        int high = actors.length - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            int byActor = actors[middle].compareTo(actor);
            if (byActor < 0 || (byActor == 0 && firsts[middle] <= sequence)) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return high;
    }

    /** Whether both cover the same dots. */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof CausalContext context
                && Arrays.equals(firsts, context.firsts)
                && Arrays.equals(lasts, context.lasts)
                && Arrays.equals(actors, context.actors);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * Arrays.hashCode(actors) + Arrays.hashCode(firsts)) + Arrays.hashCode(lasts);
    }

    @Override
    public String toString() {
        return describe().toString();
    }

    /** Entries appended in ascending order of actor and first sequence; unites as it goes. */
    private static final class Growing {
        private final Actor[] actors;
        private final long[] firsts;
        private final long[] lasts;
        private final int[] seconds;
        private int size;

        Growing(int capacity) {
            actors = new Actor[capacity];
            firsts = new long[capacity];
            lasts = new long[capacity];
            seconds = new int[capacity];
        }

        void append(Actor actor, long first, long last, int latest) {
            int previous = size - 1;
            if (previous >= 0 && first - 1 <= lasts[previous] && actors[previous].compareTo(actor) == 0) {
                lasts[previous] = Math.max(lasts[previous], last);
                seconds[previous] = Math.max(seconds[previous], latest);
                return;
            }
            actors[size] = actor;
            firsts[size] = first;
            lasts[size] = last;
            seconds[size] = latest;
            size++;
        }

        CausalContext finish() {
            return size == actors.length
                    ? new CausalContext(actors, firsts, lasts, seconds)
                    : new CausalContext(
                            Arrays.copyOf(actors, size),
                            Arrays.copyOf(firsts, size),
                            Arrays.copyOf(lasts, size),
                            Arrays.copyOf(seconds, size));
        }
    }
}
