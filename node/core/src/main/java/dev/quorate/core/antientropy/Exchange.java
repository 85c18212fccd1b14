package dev.quorate.core.antientropy;

import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.KeyDigest;
import dev.quorate.core.peer.KeyedObject;
import dev.quorate.core.peer.LeafHash;
import dev.quorate.core.peer.PeerCalls;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.peer.SlotRoot;
import dev.quorate.core.runtime.Watched;
import dev.quorate.core.storage.LeafRebuild;
import dev.quorate.core.storage.Lookup;
import dev.quorate.core.storage.MerkleTree;
import dev.quorate.core.storage.Storage;
import dev.quorate.core.storage.Table;
import dev.quorate.core.version.StoredRecord;
import dev.quorate.core.version.VersionedObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One exchange with one peer, led by this node: compares roots, then leaves, and once more after a pause, so that writes under way are not
 * taken for differences; then goes through the ranges that still differ, page by page. What the peer has and this node lacks is merged here, the
 * other way round it is pushed. Confined to the event loop.
 *
 * <p>Where this node is recovering there is no pause and no second comparison: what is needed is certainty, not thrift.
 */
final class Exchange {
    /** How it ended. */
    enum Outcome {
        /** All that the peer held is durable here, and the other way round as far as the peer took it. */
        COMPLETE,
        /** A refusal, a lost message or a peer that is gone: to be tried again soon. */
        INCOMPLETE
    }

    /** Told once. */
    interface Ending {
        void ended(Outcome outcome, String why);
    }

    /** Own records looked at for one message. */
    private static final Storage.ScanBudget PAGE = new Storage.ScanBudget(512, 256 << 10);

    private static final int LEAVES_PER_MESSAGE = 4096;

    /** To look a leaf up and to correct it costs about as much as to compare that many keys in a row. */
    private static final int KEYS_OF_A_LEAF = 32;

    private static final Duration BUSY_LAG = Duration.ofMillis(10);
    private static final Duration BUSY_PAUSE = Duration.ofMillis(100);
    private static final Duration SHORTEST_PAUSE = Duration.ofMillis(5);

    private final Surroundings node;
    private final Pace pace;
    private final NodeId peer;
    private final List<Integer> slots;
    private final boolean recovering;
    private final @Nullable SlotCopy copy;
    private final ExchangeProgress progress;
    private final Ending ending;
    // By slot, then by leaf: what differs, and how many records that may be.
    private final SortedMap<Integer, SortedMap<Integer, Integer>> differing = new TreeMap<>();
    // By slot, the epoch of its row when this began; of those that a recovering node need not compare again with this
    // peer.
    private final SortedMap<Integer, Long> counts = new TreeMap<>();
    private boolean anyDamaged;
    private boolean peerTakesNothing;
    private boolean ended;

    Exchange(Surroundings node, Pace pace, NodeId peer, List<Integer> slots, boolean recovering, Ending ending) {
        this(node, pace, peer, slots, recovering, null, ending);
    }

    /** @param copy for which this is done; null if only to make replicas equal */
    Exchange(
            Surroundings node,
            Pace pace,
            NodeId peer,
            List<Integer> slots,
            boolean recovering,
            @Nullable SlotCopy copy,
            Ending ending) {
        this.node = node;
        this.pace = pace;
        this.peer = peer;
        this.slots = slots;
        this.recovering = recovering;
        this.copy = copy;
        this.ending = ending;
        this.progress = new ExchangeProgress(slots.size(), node.clock().nanos());
    }

    NodeId peer() {
        return peer;
    }

    ExchangeProgress progress() {
        return progress;
    }

    /** Ends it without telling. */
    void cancel() {
        ended = true;
    }

    /** Of slots of which every record is compared, whatever the sums say. */
    void beginWithEveryKey() {
        for (int slot : slots) {
            progress.expect(node.root(slot).count());
            differing.put(slot, new TreeMap<>());
        }
        nextSlot();
    }

    void begin() {
        List<SlotRoot> roots = new ArrayList<>(slots.size());
        for (int slot : slots) {
            if (node.recovering().countsFrom(slot, peer)) {
                counts.put(slot, node.ring().state().rowEpoch(slot));
            }
            MerkleTree.Root root = node.root(slot);
            roots.add(new SlotRoot(slot, root.xor(), root.count()));
        }
        call(new PeerRequest.CompareRoots(node.table().log2Slots(), roots), reply -> {
            if (reply instanceof PeerReply.RootsCompared compared) {
                Set<Integer> differ = new TreeSet<>(compared.differing());
                for (int slot : slots) {
                    if (!differ.contains(slot)) {
                        slotDone(slot);
                    }
                }
                compareLeaves(new ArrayList<>(differ), 0, this::comparedOnce);
            } else {
                incomplete(reply);
            }
        });
    }

    /** Of one slot after the other. */
    private void compareLeaves(List<Integer> differ, int index, Runnable then) {
        if (index == differ.size()) {
            then.run();
            return;
        }
        int slot = differ.get(index);
        compareLeaves(slot, node.firstLeaf(slot), new TreeMap<>(), found -> {
            SortedMap<Integer, Integer> before = differing.remove(slot);
            if (before != null) {
                found.keySet().retainAll(before.keySet());
            }
            if (found.isEmpty()) {
                slotDone(slot);
            } else {
                differing.put(slot, found);
            }
            compareLeaves(differ, index + 1, then);
        });
    }

    /** @param then is given the leaves of the slot that differ now, and how many records that may be */
    private void compareLeaves(
            int slot, int from, SortedMap<Integer, Integer> found, Consumer<SortedMap<Integer, Integer>> then) {
        int end = Math.min(node.endLeaf(slot), from + LEAVES_PER_MESSAGE);
        List<LeafHash> mine = node.leaves(from, end);
        progress.leavesCompared();
        call(new PeerRequest.CompareLeaves(from, end, mine), reply -> {
            if (!(reply instanceof PeerReply.LeavesCompared compared)) {
                incomplete(reply);
                return;
            }
            for (LeafHash theirs : compared.differing()) {
                found.put(theirs.leaf(), Math.max(theirs.count(), node.tree().count(theirs.leaf())));
            }
            if (end < node.endLeaf(slot)) {
                compareLeaves(slot, end, found, then);
            } else {
                then.accept(found);
            }
        });
    }

    private void comparedOnce() {
        if (recovering || differing.isEmpty()) {
            syncSlots();
            return;
        }
        node.wheel().after(node.config().settle(), () -> {
            List<Integer> again = new ArrayList<>(differing.keySet());
            compareLeaves(again, 0, this::syncSlots);
        });
    }

    private void syncSlots() {
        differing.values().forEach(leaves -> leaves.values().forEach(progress::expect));
        nextSlot();
    }

    private void nextSlot() {
        if (ended) {
            return;
        }
        if (differing.isEmpty()) {
            if (anyDamaged) {
                end(Outcome.INCOMPLETE, "a damaged record is being replaced");
            } else {
                end(Outcome.COMPLETE, "");
            }
            return;
        }
        int slot = differing.firstKey();
        SortedMap<Integer, Integer> leaves = differing.remove(slot);
        new SlotSync(slot, leaves == null ? new TreeMap<>() : leaves).nextRange();
    }

    private void slotDone(int slot) {
        progress.slotDone();
        Long rowAtFirst = counts.get(slot);
        if (rowAtFirst != null && rowAtFirst == node.ring().state().rowEpoch(slot)) {
            node.recovering().exchanged(slot, peer);
        }
    }

    private void call(PeerRequest request, Consumer<PeerReply> reaction) {
        node.peers().call(peer, request, node.config().callTimeout(), new PeerCalls.Waiter() {
            @Override
            public void answered(PeerReply reply) {
                if (!ended) {
                    reaction.accept(reply);
                }
            }

            @Override
            public void failed(PeerCalls.CallFailure failure) {
                end(Outcome.INCOMPLETE, failure.toString());
            }
        });
    }

    /** Goes on when the pace allows it, and never before others had a turn on the loop. */
    private void pauseAfter(int keys, long bytes, Runnable then) {
        Duration pause = pace.pauseAfter(keys, bytes);
        Runnable unlessEnded = () -> {
            if (!ended) {
                then.run();
            }
        };
        if (pause.compareTo(SHORTEST_PAUSE) < 0) {
            // The pace remembers it. A timer for each of thousands of small steps would be all that they wait for.
            node.loop().execute(unlessEnded);
        } else {
            node.wheel().after(pause, unlessEnded);
        }
    }

    private void incomplete(PeerReply reply) {
        end(
                Outcome.INCOMPLETE,
                reply instanceof PeerReply.Refused refused ? refused.refusal().toString() : "misunderstood");
    }

    /** Whether a peer that refuses one record for this reason refuses the next as well. */
    private static boolean concernsAll(PeerReply.Refusal refusal) {
        return switch (refusal) {
            case OVERLOADED, STORAGE_FULL, EXPIRED, NO_MOVE -> true;
            case NOT_OWNER, CORRUPT, NOT_READY, MALFORMED, HINTS_FULL, STALE_RING -> false;
        };
    }

    private void end(Outcome outcome, String why) {
        if (!ended) {
            ended = true;
            ending.ended(outcome, why);
        }
    }

    /** The ranges of one slot. */
    private final class SlotSync {
        private final int slot;
        private final SortedMap<Integer, Integer> leaves;
        private final List<HashRange> ranges;
        private final Set<Integer> explained = new HashSet<>();
        private int next;
        private boolean damaged;

        SlotSync(int slot, SortedMap<Integer, Integer> leaves) {
            this.slot = slot;
            this.leaves = leaves;
            this.ranges = copy != null && copy.everyKey()
                    ? List.of(HashRange.ofLeaves(node.firstLeaf(slot), node.endLeaf(slot) - 1))
                    : HashRange.ofLeaves(new ArrayList<>(leaves.keySet()), node.tree());
        }

        void nextRange() {
            if (next < ranges.size()) {
                page(ranges.get(next++));
                return;
            }
            List<Integer> unexplained = new ArrayList<>();
            for (int leaf : leaves.keySet()) {
                if (!explained.contains(leaf)) {
                    unexplained.add(leaf);
                }
            }
            if (unexplained.isEmpty()) {
                rebuild(unexplained, 0);
                return;
            }
            // Most are explained by what another exchange, a hint or a write has brought in the meantime.
            compareLeaves(slot, node.firstLeaf(slot), new TreeMap<>(), found -> {
                unexplained.retainAll(found.keySet());
                rebuild(unexplained, 0);
            });
        }

        /** Leaves that differ although no record does: this one or the peer's does not agree with its records. */
        private void rebuild(List<Integer> unexplained, int index) {
            if (ended) {
                return;
            }
            if (index == unexplained.size()) {
                if (damaged) {
                    anyDamaged = true;
                } else {
                    slotDone(slot);
                }
                nextSlot();
                return;
            }
            node.rebuild().rebuild(unexplained.get(index), result -> {
                if (result.outcome() == LeafRebuild.Outcome.CORRECTED) {
                    progress.leafCorrected();
                }
                // What was read counts as what is compared does; and it is thousands of leaves if all of a slot are
                // wrong.
                pauseAfter(KEYS_OF_A_LEAF + result.records(), 0, () -> rebuild(unexplained, index + 1));
            });
        }

        private void page(HashRange range) {
            Watched.whenComplete(node.storage().scan(Table.DATA, range.keys(), PAGE), node.loop(), (page, failure) -> {
                if (failure != null || page == null) {
                    end(Outcome.INCOMPLETE, "own records cannot be read");
                } else if (!ended) {
                    ask(range, page);
                }
            });
        }

        private void ask(HashRange range, Storage.Page page) {
            KeyHash last = page.resumeAfter() == null ? range.last() : KeyHash.fromBytes(page.resumeAfter());
            List<KeyDigest> held = new ArrayList<>(page.entries().size());
            Map<KeyHash, StoredRecord> records = new HashMap<>();
            for (Storage.Entry entry : page.entries()) {
                KeyHash hash = KeyHash.fromBytes(entry.key());
                StoredRecord record = node.decode(entry);
                // A damaged one is left out: the peer then sends its own. One that is to take over has no own.
                if (record == null && copy != null) {
                    damaged = true;
                    copy.damaged(MerkleTree.leafOf(hash));
                }
                if (record != null && node.replicas().owns(peer, record.key(), hash)) {
                    held.add(new KeyDigest(hash, node.tree().digest(hash, record.object())));
                    records.put(hash, record);
                }
            }
            call(new PeerRequest.SyncRange(range.first(), last, held), reply -> {
                if (reply instanceof PeerReply.RangeSynced synced) {
                    new PageSync(this, range, records, synced).begin();
                } else {
                    incomplete(reply);
                }
            });
        }

        void explained(KeyHash hash) {
            explained.add(MerkleTree.leafOf(hash));
        }

        void covered(HashRange range, KeyHash coveredTo, int keys, long bytes) {
            progress.compared(keys);
            KeyHash end = coveredTo.compareTo(range.last()) >= 0 ? range.last() : coveredTo;
            boolean whole = end.equals(range.last());
            if (copy != null && copy.everyKey()) {
                progress.passed(keys);
            } else {
                leavesPassed(range.first(), end, whole);
            }
            Runnable next = () -> {
                if (whole) {
                    nextRange();
                } else {
                    page(range.after(end));
                }
            };
            if (copy != null && node.lag().average().compareTo(BUSY_LAG) > 0) {
                // Clients wait already, and nobody waits for a slot to change hands.
                node.wheel().after(BUSY_PAUSE, () -> pauseAfter(keys, bytes, next));
            } else {
                pauseAfter(keys, bytes, next);
            }
        }

        private void leavesPassed(KeyHash from, KeyHash to, boolean whole) {
            int first = MerkleTree.leafOf(from);
            int end = MerkleTree.leafOf(to) + (whole ? 1 : 0);
            leaves.subMap(first, Math.max(first, end)).values().forEach(progress::passed);
        }
    }

    /** What follows from one answer: merges here, pushes there. The next page waits for all of it, which bounds what is under way. */
    private final class PageSync {
        private final SlotSync slot;
        private final HashRange range;
        private final Map<KeyHash, StoredRecord> held;
        private final PeerReply.RangeSynced synced;
        private int outstanding = 1;
        private long bytes;
        private boolean refused;

        PageSync(SlotSync slot, HashRange range, Map<KeyHash, StoredRecord> held, PeerReply.RangeSynced synced) {
            this.slot = slot;
            this.range = range;
            this.held = held;
            this.synced = synced;
        }

        void begin() {
            for (KeyedObject record : synced.records()) {
                KeyHash hash = node.hasher().hash(record.key());
                slot.explained(hash);
                progress.onePulled();
                bytes += record.object().encoded().length();
                outstanding++;
                node.replicas().merge(record.key(), hash, record.object(), merge -> merged(record, hash, merge));
            }
            for (KeyHash hash : synced.wanted()) {
                StoredRecord record = held.get(hash);
                if (record != null) {
                    slot.explained(hash);
                    push(record.key(), record.object());
                }
            }
            settle();
        }

        private void merged(KeyedObject theirs, KeyHash hash, Replicas.Merge merge) {
            refused |= merge == Replicas.Merge.REFUSED;
            slot.damaged |= merge == Replicas.Merge.DAMAGED;
            if (merge != Replicas.Merge.DURABLE || !held.containsKey(hash)) {
                settle();
                return;
            }
            // Both had something: the peer gets what it lacks of the merge.
            long digest = node.tree().digest(hash, theirs.object());
            node.records().read(theirs.key(), hash, lookup -> {
                if (lookup instanceof Lookup.Found found
                        && node.tree().digest(hash, found.record().object()) != digest) {
                    push(theirs.key(), found.record().object());
                }
                settle();
            });
        }

        private void push(Key key, VersionedObject object) {
            if (peerTakesNothing) {
                progress.pushRefused();
                return;
            }
            int length = object.encoded().length();
            progress.onePushed(length);
            bytes += length;
            outstanding++;
            PeerRequest.Replicate push = node.replicas().push(key, object);
            PeerRequest request = copy == null ? push : push.within(copy.handover());
            node.peers().call(peer, request, node.config().callTimeout(), new PeerCalls.Waiter() {
                @Override
                public void answered(PeerReply reply) {
                    // A peer that takes no more now is compared with again; it stops nothing here.
                    if (!(reply instanceof PeerReply.Replicated)) {
                        progress.pushRefused();
                        peerTakesNothing |=
                                reply instanceof PeerReply.Refused refused && concernsAll(refused.refusal());
                    }
                    settle();
                }

                @Override
                public void failed(PeerCalls.CallFailure failure) {
                    progress.pushRefused();
                    settle();
                }
            });
        }

        private void settle() {
            outstanding--;
            if (outstanding > 0 || ended) {
                return;
            }
            if (refused) {
                end(Outcome.INCOMPLETE, "storage takes no merges now");
                return;
            }
            slot.covered(
                    range, synced.coveredTo(), held.size() + synced.records().size(), bytes);
        }
    }
}
