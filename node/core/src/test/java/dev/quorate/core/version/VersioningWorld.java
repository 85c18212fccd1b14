package dev.quorate.core.version;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * One key on five nodes, three owners and two that stand in, and four clients whose contexts are stale or missing. Messages are
 * lost, late and doubled; records are handed off, dropped and received back; nodes crash back to an older state, are wiped, and
 * forget parts of contexts. Beside it runs the truth: for each write, the set of writes that its client had seen. Records, messages
 * and tokens pass through the real codecs.
 *
 * <p>A port of the reference model that told the candidate schemes apart: the weaker ones differ only in {@link Scheme}.
 */
final class VersioningWorld {
    private static final Key KEY = new Key(1, Bytes.utf8("the only key"));
    private static final KeyHash HASH = new KeyHash(0x0123456789abcdefL, 42);
    private static final RecordCodec CODEC = new RecordCodec();
    private static final ContextToken TOKENS = new ContextToken(Bytes.utf8("sixteen bytes ok"));
    private static final int STATES_REMEMBERED = 4;

    /** How a node names its writes, and how much of its past a write claims to have seen. */
    enum Scheme {
        /** The store's own. */
        OWN_MARKER,
        /** Extends the newest interval of its own that it finds in the record, wherever the record came from. */
        PLAIN_INTERVALS,
        /** Classic version vector: node and a counter per key. */
        COUNTER_PER_KEY,
        /** Version vector over a counter of the whole node: an entry claims everything below it. */
        COUNTER_PER_NODE,
        /** A counter per key that begins again under a new epoch when the key was absent. */
        EPOCH,
        /** The store's own, but a node that starts empty keeps its boot number and counts from one again. */
        BOOT_REUSED
    }

    /** What a put answers with. */
    enum Answer {
        /** The store's own. */
        SEEN_AND_OWN_DOT,
        /** The stored object's context. */
        WHOLE_CONTEXT,
        /** The stored object's context if the write is all that the object holds, so that there is nothing the client has not seen. */
        WHOLE_CONTEXT_IF_ALONE
    }

    /** What may go wrong besides the network. */
    record Faults(boolean crashes, boolean wipes, boolean pruning) {
        static final Faults NONE = new Faults(false, false, false);
        static final Faults CRASHES = new Faults(true, true, false);
        static final Faults ALL = new Faults(true, true, true);
    }

    /** What became of all writes once everything that is still somewhere has met. */
    record Verdict(int writes, int lost, int falseSiblings, int dotConflicts, boolean orderMattered) {}

    private static final class Node {
        final int number;
        long boot = 1;
        long sequence;
        long epoch = 1;
        long epochFloor;

        @Nullable
        Bytes disk;

        final Deque<Bytes> committed = new ArrayDeque<>();

        Node(int number) {
            this.number = number;
        }

        Actor actor() {
            return new Actor(0, number, boot);
        }

        void store(StoredRecord record) {
            Bytes bytes = CODEC.encode(record);
            disk = bytes;
            committed.addLast(bytes);
            if (committed.size() > STATES_REMEMBERED) {
                committed.removeFirst();
            }
        }

        @Nullable
        StoredRecord load() {
            return disk == null ? null : CODEC.decode(disk);
        }

        void drop() {
            disk = null;
            committed.clear();
            epoch++;
        }
    }

    private record Message(Node to, Bytes object) {}

    /** What a client holds: a token or none, and, unknown to the store, what it has really seen. */
    private record Client(@Nullable Bytes token, BitSet truth) {}

    private final SplittableRandom random;
    private final Scheme scheme;
    private final Answer answer;
    private final Faults faults;
    /** Not where a mistake is planted: that must show in the verdict. */
    private final boolean checksEachState;

    private final VersionRules rules;
    private final List<Node> owners = List.of(new Node(1), new Node(2), new Node(3));
    private final List<Node> fallbacks = List.of(new Node(4), new Node(5));
    private final List<Node> nodes = new ArrayList<>();
    private final Client[] clients = new Client[4];
    private final List<Message> network = new ArrayList<>();
    /** For each write, the writes that its client had seen. */
    private final List<BitSet> pasts = new ArrayList<>();

    private final List<Dot> dots = new ArrayList<>();
    /** Writes whose last copy went with a disk, or that were deleted everywhere: nobody owes them to anybody. */
    private final BitSet excused = new BitSet();

    private int dotConflicts;

    VersioningWorld(long seed, Scheme scheme, Answer answer, Faults faults) {
        this.random = new SplittableRandom(seed);
        this.scheme = scheme;
        this.answer = answer;
        this.faults = faults;
        this.checksEachState = scheme == Scheme.OWN_MARKER && answer != Answer.WHOLE_CONTEXT;
        DotConflicts count = (kept, dropped) -> dotConflicts++;
        this.rules = switch (scheme) {
            case OWN_MARKER, BOOT_REUSED -> new VersionRules(count);
            case PLAIN_INTERVALS ->
                new VersionRules(count) {
                    @Override
                    protected long ownFrom(@Nullable StoredRecord local, Dot dot) {
                        return local == null
                                ? dot.sequence()
                                : startOfNewest(local.object().context(), dot);
                    }
                };
            case COUNTER_PER_KEY, COUNTER_PER_NODE, EPOCH ->
                new VersionRules(count) {
                    @Override
                    protected long ownFrom(@Nullable StoredRecord local, Dot dot) {
                        return 1;
                    }
                };
        };
        nodes.addAll(owners);
        nodes.addAll(fallbacks);
        for (int i = 0; i < clients.length; i++) {
            clients[i] = new Client(null, new BitSet());
        }
    }

    Verdict run(int steps) {
        for (int i = 0; i < steps; i++) {
            step();
        }
        List<VersionedObject> left = everywhere();
        BitSet found = new BitSet();
        boolean orderMattered = false;
        if (!left.isEmpty()) {
            VersionedObject forwards = mergeAll(left);
            Collections.reverse(left);
            orderMattered = !mergeAll(left).encoded().equals(forwards.encoded());
            found = writesIn(forwards);
        }
        BitSet live = new BitSet();
        live.set(0, pasts.size());
        pasts.forEach(live::andNot);
        BitSet falseSiblings = copy(found);
        falseSiblings.andNot(live);
        live.andNot(excused);
        live.andNot(found);
        return new Verdict(pasts.size(), live.cardinality(), falseSiblings.cardinality(), dotConflicts, orderMattered);
    }

    private void step() {
        int dice = random.nextInt(100);
        if (dice < 30) {
            put(random.nextInt(100) < 60 ? any(owners) : any(fallbacks), random.nextInt(clients.length));
        } else if (dice < 50) {
            read(any(nodes), random.nextInt(clients.length));
        } else if (dice < 68) {
            send(any(nodes), any(nodes));
        } else if (dice < 84) {
            deliver();
        } else if (dice < 92) {
            handOffAndDrop(random.nextInt(100) < 60 ? any(fallbacks) : any(owners));
        } else if (dice < 93) {
            collectTombstones();
        } else if (dice < 94) {
            loseMessage();
        } else if (dice < 95 && faults.wipes()) {
            wipe(any(nodes));
        } else if (dice < 97 && faults.crashes()) {
            crash(any(owners));
        } else if (dice < 99 && faults.pruning()) {
            forget(any(nodes));
        }
    }

    private void put(Node node, int client) {
        StoredRecord local = node.load();
        BitSet truth = copy(clients[client].truth);
        CausalContext seen = CausalContext.EMPTY;
        Bytes token = clients[client].token;
        if (token != null) {
            seen = TOKENS.open(KEY, HASH, token);
        } else if (local != null && random.nextBoolean()) {
            // A blind put under overwrite_seen: by definition it has seen what its coordinator holds.
            seen = local.object().context();
            truth.or(knownTo(local.object()));
        }
        Dot dot = mint(node, local, seen);
        int write = pasts.size();
        pasts.add(copy(truth));
        dots.add(dot);
        boolean delete = random.nextInt(100) < 20;
        // A tombstone has no value, so each write is known by its clock.
        StoredRecord written = rules.put(
                local,
                KEY,
                seen,
                dot,
                write,
                delete ? Sibling.Kind.TOMBSTONE : Sibling.Kind.VALUE,
                delete
                        ? Bytes.EMPTY
                        : Bytes.owning(ByteBuffer.allocate(4).putInt(write).array()),
                pasts.size());
        node.store(written);
        if (checksEachState) {
            if (rules.alreadyNames(local, seen, dot)) {
                throw new AssertionError("minted a dot that was known already: " + dot);
            }
            checkCausallyClosed(written.object());
        }
        if (random.nextBoolean()) {
            CausalContext answered = switch (answer) {
                case SEEN_AND_OWN_DOT -> rules.answerContext(seen, dot, pasts.size());
                case WHOLE_CONTEXT -> written.object().context();
                case WHOLE_CONTEXT_IF_ALONE ->
                    written.object().siblingCount() == 1
                            ? written.object().context()
                            : rules.answerContext(seen, dot, pasts.size());
            };
            truth.set(write);
            clients[client] = new Client(TOKENS.seal(KEY, HASH, answered), truth);
        }
    }

    private Dot mint(Node node, @Nullable StoredRecord local, CausalContext seen) {
        CausalContext held =
                local == null ? CausalContext.EMPTY : local.object().context();
        return switch (scheme) {
            case OWN_MARKER, PLAIN_INTERVALS, COUNTER_PER_NODE, BOOT_REUSED -> new Dot(node.actor(), ++node.sequence);
            case COUNTER_PER_KEY -> {
                Actor actor = new Actor(0, node.number, 1);
                yield new Dot(actor, Math.max(0, Math.max(held.highest(actor), seen.highest(actor))) + 1);
            }
            case EPOCH -> {
                Actor newest = new Actor(0, node.number, node.epoch);
                for (int i = held.entryCount() - 1; i >= 0; i--) {
                    Actor actor = held.actorOf(i);
                    if (actor.node() == node.number && actor.boot() >= Math.max(1, node.epochFloor)) {
                        newest = actor;
                        break;
                    }
                }
                yield new Dot(newest, Math.max(0, held.highest(newest)) + 1);
            }
        };
    }

    private static long startOfNewest(CausalContext context, Dot dot) {
        long from = context.highest(dot.actor());
        if (from < 0) {
            return dot.sequence();
        }
        while (from > 1 && context.covers(new Dot(dot.actor(), from - 1))) {
            from--;
        }
        return from;
    }

    private void read(Node node, int client) {
        if (random.nextInt(100) < 10) {
            clients[client] = new Client(null, new BitSet());
            return;
        }
        StoredRecord record = node.load();
        clients[client] = record == null
                ? new Client(null, new BitSet())
                : new Client(TOKENS.seal(KEY, HASH, record.object().context()), knownTo(record.object()));
    }

    private void send(Node from, Node to) {
        StoredRecord record = from.load();
        if (from != to && record != null) {
            network.add(new Message(to, record.object().encoded()));
        }
    }

    private void deliver() {
        if (!network.isEmpty()) {
            int chosen = random.nextInt(network.size());
            boolean doubled = random.nextInt(100) < 20;
            Message message = doubled ? network.get(chosen) : network.remove(chosen);
            receive(message.to, VersionedObject.decode(message.object));
        }
    }

    private void receive(Node node, VersionedObject object) {
        StoredRecord local = node.load();
        StoredRecord merged = rules.merge(local, KEY, object);
        if (merged != local) {
            node.store(merged);
        }
        if (checksEachState) {
            checkCausallyClosed(merged.object());
        }
    }

    private void handOffAndDrop(Node from) {
        StoredRecord record = from.load();
        Node to = any(owners);
        if (record != null && to != from) {
            receive(to, VersionedObject.decode(record.object().encoded()));
            from.drop();
        }
    }

    /** Allowed only when nothing anywhere could bring an older write back. */
    private void collectTombstones() {
        StoredRecord first = owners.get(0).load();
        if (first == null || !network.isEmpty() || !first.object().isDeleted()) {
            return;
        }
        for (Node node : nodes) {
            StoredRecord record = node.load();
            boolean agrees = fallbacks.contains(node)
                    ? record == null
                    : record != null && rules.sameDots(record.object(), first.object());
            if (!agrees) {
                return;
            }
        }
        excused.or(writesIn(first.object()));
        owners.forEach(Node::drop);
    }

    private void loseMessage() {
        if (!network.isEmpty()) {
            BitSet before = present();
            network.remove(random.nextInt(network.size()));
            excuseWhatWentSince(before);
        }
    }

    /** A node starts again with an empty disk. */
    private void wipe(Node node) {
        BitSet before = present();
        node.drop();
        restart(node);
        excuseWhatWentSince(before);
    }

    /** The last commit was not durable after all. */
    private void crash(Node node) {
        if (node.committed.size() > 1) {
            BitSet before = present();
            node.committed.removeLast();
            node.disk = node.committed.getLast();
            restart(node);
            excuseWhatWentSince(before);
        }
    }

    private void restart(Node node) {
        node.sequence = 0;
        if (scheme != Scheme.BOOT_REUSED) {
            node.boot++;
        }
        node.epoch++;
        node.epochFloor = node.epoch;
    }

    /** Pruning at its worst: any interval that holds no sibling may go, at any node, at any time. */
    private void forget(Node node) {
        StoredRecord record = node.load();
        if (record == null) {
            return;
        }
        CausalContext context = record.object().context();
        boolean[] dropped = new boolean[context.entryCount()];
        int chosen = random.nextInt(dropped.length);
        for (Dot dot : record.object().dots()) {
            if (context.entryCovering(dot) == chosen) {
                return;
            }
        }
        dropped[chosen] = true;
        node.disk = CODEC.encode(new StoredRecord(
                KEY,
                VersionedObject.of(
                        context.withoutEntries(dropped, 1), record.object().siblings()),
                record.own()));
    }

    /** Whoever holds a context has, in its siblings, all that the context covers, or something that had seen it. */
    private void checkCausallyClosed(VersionedObject object) {
        BitSet known = knownTo(object);
        for (int write = 0; write < dots.size(); write++) {
            if (object.context().covers(dots.get(write)) && !known.get(write)) {
                throw new AssertionError(object + " covers " + dots.get(write) + ", which nothing in it has seen");
            }
        }
    }

    private void excuseWhatWentSince(BitSet before) {
        before.andNot(present());
        excused.or(before);
    }

    private BitSet present() {
        BitSet writes = new BitSet();
        everywhere().forEach(object -> writes.or(writesIn(object)));
        return writes;
    }

    private List<VersionedObject> everywhere() {
        List<VersionedObject> objects = new ArrayList<>();
        for (Node node : nodes) {
            StoredRecord record = node.load();
            if (record != null) {
                objects.add(record.object());
            }
        }
        network.forEach(message -> objects.add(VersionedObject.decode(message.object)));
        return objects;
    }

    private VersionedObject mergeAll(List<VersionedObject> objects) {
        VersionedObject merged = objects.get(0);
        for (VersionedObject object : objects) {
            merged = rules.merge(merged, object);
        }
        return merged;
    }

    private BitSet knownTo(VersionedObject object) {
        BitSet known = writesIn(object);
        for (Sibling sibling : object.siblings()) {
            known.or(pasts.get((int) sibling.hybridTime()));
        }
        return known;
    }

    private static BitSet writesIn(VersionedObject object) {
        BitSet writes = new BitSet();
        for (Sibling sibling : object.siblings()) {
            writes.set((int) sibling.hybridTime());
        }
        return writes;
    }

    private Node any(List<Node> among) {
        return among.get(random.nextInt(among.size()));
    }

    private static BitSet copy(BitSet bits) {
        return (BitSet) bits.clone();
    }
}
