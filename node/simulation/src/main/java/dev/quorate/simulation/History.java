package dev.quorate.simulation;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What clients asked and what they were told, for {@link HistoryChecker}. The simulation records it, and so may a test against real
 * processes: every value is given out by {@link #invoke}, unique, and recognised when it is read. All times are
 * nanoseconds of one clock. Safe to use from several threads.
 *
 * <p>Causality is kept as sets of writes and follows from what clients saw, never from the contexts that servers gave them: a reader has
 * seen the values it was shown and whatever their writers had seen; a writer has seen what came with the context it used.
 *
 * <p>A {@linkplain Evidence#BLACK_BOX black box} history holds only that. A {@linkplain Evidence#WHITE_BOX white box} one also holds
 * what an observer inside the nodes saw; then a write without a context supersedes exactly what its coordinator held
 * ({@link Write#coordinatorHeld}), where otherwise it has to be taken to supersede possibly anything written before it ended.
 */
public final class History {
    /** Who watched. */
    public enum Evidence {
        BLACK_BOX,
        WHITE_BOX
    }

    /** What became of a write, as its client knows it. */
    public enum Outcome {
        /** Acknowledged. */
        OK,
        /** It may have been applied, and may still be. */
        UNKNOWN,
        /** Refused: it never will be. */
        NOTHING_WRITTEN
    }

    /** Writes of one key that somebody has seen. What a client carries along with a context. */
    public static final class Seen {
        /** Of a client that has read nothing. */
        public static final Seen NOTHING = new Seen(new BitSet());

        private final BitSet writes;

        private Seen(BitSet writes) {
            this.writes = writes;
        }

        boolean includes(Write write) {
            return writes.get(write.index);
        }
    }

    /**
     * Asks for a write.
     *
     * @param seen what came with the context that is used; null for a write without one
     * @param w acknowledgements it asks for
     * @param supersedesHeld whether a write without a context may replace what its coordinator holds; a retry may not
     */
    public record Intent(
            String key,
            String client,
            boolean delete,
            @Nullable Seen seen,
            int w,
            boolean supersedesHeld) {}

    /** One attempt to write one value. */
    public static final class Write {
        final KeyHistory key;
        final int index;
        final Intent intent;
        final long invoked;
        private final BitSet past;
        private long returned = Long.MAX_VALUE;
        private Outcome outcome = Outcome.UNKNOWN;
        private List<String> acknowledgedBy = List.of();
        private boolean pastKnown;
        /** How many of those that acknowledged it own the key; the others stood in for owners. */
        private int byOwners;
        /** The request that this is an attempt at; empty when unknown. */
        private String request = "";

        /** What its session had been shown before; null for a write that need not go on from that. */
        private @Nullable BitSet sessionPast;

        private Write(KeyHistory key, int index, Intent intent, long invoked, Evidence evidence) {
            this.key = key;
            this.index = index;
            this.intent = intent;
            this.invoked = invoked;
            Seen seen = intent.seen();
            this.past = seen == null ? new BitSet() : (BitSet) seen.writes.clone();
            this.pastKnown = seen != null || evidence == Evidence.WHITE_BOX;
            this.byOwners = intent.w();
        }

        /** What to store; unique in the history. */
        public String value() {
            return key.name + "#" + index;
        }

        /** It was acknowledged, by these nodes as far as is known. */
        public void acknowledged(long now, List<String> nodes) {
            synchronized (key.history) {
                outcome = Outcome.OK;
                returned = Math.min(returned, now);
                acknowledgedBy = List.copyOf(nodes);
            }
        }

        /** Not all that acknowledged it own the key. */
        public void acknowledgedByOwners(int owners) {
            synchronized (key.history) {
                byOwners = Math.min(byOwners, owners);
            }
        }

        /** It was refused before anything was written. */
        public void refused(long now) {
            synchronized (key.history) {
                outcome = Outcome.NOTHING_WRITTEN;
                returned = now;
            }
        }

        /** White box: without a context, it replaced these at its coordinator, and with them what they had replaced. */
        void coordinatorHeld(BitSet writes) {
            synchronized (key.history) {
                past.or(writes);
            }
        }

        /** All attempts at one request say the same. */
        public void attemptAt(String requestOf) {
            synchronized (key.history) {
                request = requestOf;
            }
        }

        String request() {
            return request;
        }

        Outcome outcome() {
            return outcome;
        }

        long returned() {
            return returned;
        }

        int byOwners() {
            return byOwners;
        }

        List<String> acknowledgedBy() {
            return acknowledgedBy;
        }

        boolean isDelete() {
            return intent.delete();
        }

        /** All writes of the key that are before this one. */
        BitSet past() {
            return past;
        }

        boolean pastKnown() {
            return pastKnown;
        }

        @Nullable
        BitSet sessionPast() {
            return sessionPast;
        }

        boolean isAfter(Write other) {
            return past.get(other.index);
        }

        @Override
        public String toString() {
            return (isDelete() ? "delete " : "") + value() + (intent.seen() == null ? " (no context)" : "") + " by "
                    + intent.client() + " " + outcome + " [" + invoked / 1_000 + "-"
                    + (returned == Long.MAX_VALUE ? "" : returned / 1_000) + "us]";
        }
    }

    /** What a client was told: the values of a read, or those of an acknowledged write. */
    public static final class Answer {
        final String client;
        private final boolean read;
        /** Owners that took part in a read. */
        final int r;

        final long invoked;
        final long returned;
        final boolean last;
        final List<Write> values;
        final List<String> strangers;
        /** White box: the writes whose dots the context covers; null when nobody looked. */
        @Nullable
        BitSet covered;
        /** Of one replica, after all had become equal. */
        boolean settled;

        private Answer(
                String client,
                boolean read,
                int r,
                long invoked,
                long returned,
                boolean last,
                List<Write> values,
                List<String> strangers) {
            this.client = client;
            this.read = read;
            this.r = r;
            this.invoked = invoked;
            this.returned = returned;
            this.last = last;
            this.values = values;
            this.strangers = strangers;
        }

        boolean isRead() {
            return read;
        }

        /** What a client that was told this has seen. */
        public Seen seen() {
            BitSet writes = new BitSet();
            for (Write value : values) {
                writes.set(value.index);
                writes.or(value.past);
            }
            return new Seen(writes);
        }

        @Override
        public String toString() {
            return (isRead() ? "read" : "answer") + " by " + client + " [" + invoked / 1_000 + "-" + returned / 1_000
                    + "us] r=" + r + " of " + values.stream().map(Write::value).toList();
        }
    }

    /** A node that stood in for an owner has handed over what it kept, and keeps it no longer. */
    record HandedOver(String from, String to, long at) {}

    /** A node that was taken out without its cooperation. */
    private record Removed(String node, int consulted, long at) {
        Destroyed copyOf(Write write) {
            return new Destroyed(node, consulted, Math.max(at, write.invoked), new BitSet());
        }
    }

    /** Whether a node was taken out between these times. */
    boolean wasAnyRemoved(long from, long to) {
        return removed.stream().anyMatch(each -> each.at >= from && each.at <= to);
    }

    /** What was lost of the copies of one write. */
    List<Destroyed> losses(Write write) {
        List<Destroyed> losses = new ArrayList<>(write.key.destroyed);
        removed.forEach(each -> losses.add(each.copyOf(write)));
        return losses;
    }

    /** A replica's copy that was destroyed, but for {@code survivors}, and made again from {@code consulted} others. */
    record Destroyed(String node, int consulted, long at, BitSet survivors) {}

    /** All that concerns one key. */
    static final class KeyHistory {
        final History history;
        final String name;
        final List<Write> writes = new ArrayList<>();
        final List<Answer> answers = new ArrayList<>();
        final List<Destroyed> destroyed = new ArrayList<>();
        final List<HandedOver> handedOver = new ArrayList<>();
        /** What each client saw in what it was told last. */
        private final SortedMap<String, BitSet> told = new TreeMap<>();
        /** White box: what deletions removed that no acknowledged delete accounts for. */
        final SortedMap<String, BitSet> removedByUnknownDeletes = new TreeMap<>();

        private KeyHistory(History history, String name) {
            this.history = history;
            this.name = name;
        }
    }

    private final Evidence evidence;
    private final int replicas;
    private final SortedMap<String, KeyHistory> keys = new TreeMap<>();
    private final List<Removed> removed = new ArrayList<>();
    private boolean monotonicReads;

    /** @param replicas N, the same for every key */
    public History(Evidence evidence, int replicas) {
        this.evidence = evidence;
        this.replicas = replicas;
    }

    Evidence evidence() {
        return evidence;
    }

    /** Reads repair before they answer: what one has shown, later ones show too. */
    public synchronized void promiseMonotonicReads() {
        monotonicReads = true;
    }

    boolean monotonicReads() {
        return monotonicReads;
    }

    int replicas() {
        return replicas;
    }

    SortedMap<String, KeyHistory> keys() {
        return keys;
    }

    synchronized KeyHistory key(String name) {
        return keys.computeIfAbsent(name, absent -> new KeyHistory(this, absent));
    }

    /** A client sends a write now. Until it is told otherwise, its outcome is unknown. */
    public synchronized Write invoke(Intent intent, long now) {
        KeyHistory key = key(intent.key());
        Write write = new Write(key, key.writes.size(), intent, now, evidence);
        key.writes.add(write);
        return write;
    }

    /** A read returned what was answered by {@code r} owners, as many as it had asked for or fewer with stand-ins, and these values. */
    public synchronized Answer read(
            String key, String client, int r, long invoked, long returned, boolean last, List<String> values) {
        return add(key, client, true, r, invoked, returned, last, values);
    }

    /** An acknowledged write returned the siblings that its coordinator held then. */
    public synchronized Answer siblings(String key, String client, long invoked, long returned, List<String> values) {
        return add(key, client, false, 0, invoked, returned, false, values);
    }

    private Answer add(
            String key,
            String client,
            boolean read,
            int r,
            long invoked,
            long returned,
            boolean last,
            List<String> values) {
        KeyHistory of = key(key);
        List<Write> known = new ArrayList<>(values.size());
        List<String> strangers = new ArrayList<>(0);
        for (String value : values) {
            Write write = writeOf(key, value);
            if (write == null) {
                strangers.add(value);
            } else {
                known.add(write);
            }
        }
        Answer answer = new Answer(client, read, r, invoked, returned, last, known, strangers);
        of.answers.add(answer);
        of.told.put(client, answer.seen().writes);
        return answer;
    }

    /** An acknowledged write returned only its own context. */
    public synchronized Answer ownContext(Write write, long returned) {
        Answer answer =
                new Answer(write.intent.client(), false, 0, write.invoked, returned, false, List.of(write), List.of());
        write.key.answers.add(answer);
        write.key.told.put(write.intent.client(), answer.seen().writes);
        return answer;
    }

    /**
     * The write is one of a session: its client, or the library that carries contexts for it, promises that it goes on from whatever
     * this client was told last about the key. Say so before the write is asked for.
     */
    public synchronized void goesOnFromWhatItsClientSaw(Write write) {
        write.sessionPast = write.key.told.getOrDefault(write.intent.client(), new BitSet());
    }

    /** The write that was given this value out; null when none was. */
    synchronized @Nullable Write writeOf(String key, String value) {
        int mark = value.lastIndexOf('#');
        if (mark < 0 || !value.substring(0, mark).equals(key)) {
            return null;
        }
        List<Write> writes = key(key).writes;
        int index;
        try {
            index = Integer.parseInt(value, mark + 1, value.length(), 10);
        } catch (NumberFormatException notOurs) {
            return null;
        }
        return index >= 0 && index < writes.size() ? writes.get(index) : null;
    }

    /**
     * White box: the node is none of the owners any more, made again from {@code consulted} others. What it alone has, and what it alone
     * acknowledges from now on to those who have not heard of it, is gone.
     */
    synchronized void removed(String node, int consulted, long now) {
        removed.add(new Removed(node, consulted, now));
    }

    /** A node's copy of a key was damaged, and replaced by what that many other replicas held: what it alone had acknowledged is gone. */
    public synchronized void destroyed(String key, String node, int consulted, long now) {
        destroyed(key, node, consulted, now, new BitSet());
    }

    /** White box: the node will not hear out the others that were to make its lost copies again, for it has forgotten that it has to. */
    synchronized void consultsNobody(String node, long now) {
        for (KeyHistory key : keys.values()) {
            List<Destroyed> lost = key.destroyed.stream()
                    .filter(loss -> loss.node().equals(node) && loss.consulted() > 0)
                    .toList();
            lost.forEach(loss -> key.destroyed.add(new Destroyed(node, 0, now, loss.survivors())));
        }
    }

    /** White box: the copy of the key that a stand-in had is an owner's now. */
    synchronized void handedOver(String key, String from, String to, long now) {
        key(key).handedOver.add(new HandedOver(from, to, now));
    }

    /** White box: all but these writes. */
    synchronized void destroyed(String key, String node, int consulted, long now, BitSet survivors) {
        key(key).destroyed.add(new Destroyed(node, consulted, now, survivors));
    }
}
