package dev.quorate.core.antientropy;

import dev.quorate.core.model.KeyHash;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.KeyDigest;
import dev.quorate.core.peer.KeyedObject;
import dev.quorate.core.peer.LeafHash;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.peer.SlotRoot;
import dev.quorate.core.runtime.Watched;
import dev.quorate.core.storage.MerkleTree;
import dev.quorate.core.storage.Storage;
import dev.quorate.core.storage.Table;
import dev.quorate.core.version.StoredRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Answers exchanges that peers lead, without remembering anything between two messages. Every answer waits for the barrier: the peer may
 * count, and stop asking, on the strength of it (rules.md A4); for the same reason it answers only for slots that are its own. Confined to
 * the event loop.
 */
final class ExchangeResponder {
    /** Records looked at for one message, and about the most bytes in its answer. */
    private static final Storage.ScanBudget PAGE = new Storage.ScanBudget(512, 256 << 10);

    /**
     * One of both does not know yet that the slot has other owners. What is left here of a slot that was handed over must not be
     * compared: a recovering node would count it as heard out.
     */
    private static final PeerReply STALE_RING = new PeerReply.Refused(PeerReply.Refusal.STALE_RING);

    private final Surroundings node;

    ExchangeResponder(Surroundings node) {
        this.node = node;
    }

    void compareRoots(PeerRequest.CompareRoots request, Consumer<PeerReply> answer) {
        if (request.log2Slots() != node.table().log2Slots()) {
            // The same number is another part of the ring here. One of both does not know yet that slots were cut in
            // two.
            answer.accept(STALE_RING);
            return;
        }
        for (SlotRoot theirs : request.roots()) {
            if (!node.replicas().mayOwn(theirs.slot())) {
                answer.accept(STALE_RING);
                return;
            }
        }
        List<Integer> differing = new ArrayList<>();
        for (SlotRoot theirs : request.roots()) {
            MerkleTree.Root mine = node.root(theirs.slot());
            if (mine.xor() != theirs.xor() || mine.count() != theirs.count()) {
                differing.add(theirs.slot());
            }
        }
        afterBarrier(answer, new PeerReply.RootsCompared(differing));
    }

    void compareLeaves(PeerRequest.CompareLeaves request, Consumer<PeerReply> answer) {
        List<LeafHash> mine = node.leaves(request.firstLeaf(), request.endLeaf());
        List<LeafHash> differing = new ArrayList<>();
        List<LeafHash> theirs = request.leaves();
        int i = 0;
        int j = 0;
        while (i < mine.size() || j < theirs.size()) {
            int left = i < mine.size() ? mine.get(i).leaf() : Integer.MAX_VALUE;
            int right = j < theirs.size() ? theirs.get(j).leaf() : Integer.MAX_VALUE;
            if (left < right) {
                differing.add(mine.get(i++));
            } else if (right < left) {
                differing.add(new LeafHash(right, 0, 0));
                j++;
            } else {
                if (!mine.get(i).equals(theirs.get(j))) {
                    differing.add(mine.get(i));
                }
                i++;
                j++;
            }
        }
        afterBarrier(answer, new PeerReply.LeavesCompared(differing));
    }

    void syncRange(NodeId from, PeerRequest.SyncRange request, Consumer<PeerReply> answer) {
        if (node.storage().refusal(Storage.WriteKind.BACKGROUND) == Storage.Refusal.OVERLOADED) {
            answer.accept(new PeerReply.Refused(PeerReply.Refusal.OVERLOADED));
            return;
        }
        HashRange range = new HashRange(request.first(), request.last());
        if (!node.replicas().mayOwn(node.slotOf(range.first()))
                || !node.replicas().mayOwn(node.slotOf(range.last()))) {
            answer.accept(STALE_RING);
            return;
        }
        Watched.whenComplete(node.storage().scan(Table.DATA, range.keys(), PAGE), node.loop(), (page, failure) -> {
            // A failed read has ended the process, or is about to.
            if (failure == null && page != null) {
                afterBarrier(answer, compare(from, request, range, page));
            }
        });
    }

    private PeerReply compare(NodeId from, PeerRequest.SyncRange request, HashRange range, Storage.Page page) {
        KeyHash coveredTo = page.resumeAfter() == null ? range.last() : KeyHash.fromBytes(page.resumeAfter());
        List<KeyedObject> records = new ArrayList<>();
        List<KeyHash> wanted = new ArrayList<>();
        List<KeyDigest> theirs = request.held();
        int next = 0;
        for (Storage.Entry entry : page.entries()) {
            KeyHash hash = KeyHash.fromBytes(entry.key());
            while (next < theirs.size() && theirs.get(next).hash().compareTo(hash) < 0) {
                wanted.add(theirs.get(next++).hash());
            }
            @Nullable KeyDigest held = null;
            if (next < theirs.size() && theirs.get(next).hash().equals(hash)) {
                held = theirs.get(next++);
            }
            StoredRecord record = node.decode(entry);
            if (record == null) {
                // Damaged here: what the peer has will replace it.
                if (held != null) {
                    wanted.add(hash);
                }
            } else if (held == null || held.digest() != node.tree().digest(hash, record.object())) {
                if (node.replicas().owns(from, record.key(), hash)) {
                    records.add(new KeyedObject(record.key(), record.object()));
                }
            }
        }
        while (next < theirs.size() && theirs.get(next).hash().compareTo(coveredTo) <= 0) {
            wanted.add(theirs.get(next++).hash());
        }
        return new PeerReply.RangeSynced(records, wanted, coveredTo);
    }

    private void afterBarrier(Consumer<PeerReply> answer, PeerReply reply) {
        Watched.whenComplete(node.storage().barrier(), node.loop(), (durable, failure) -> {
            if (failure == null) {
                answer.accept(reply);
            }
        });
    }
}
