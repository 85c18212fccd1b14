package dev.quorate.simulation;

import dev.quorate.core.membership.MembershipListener;
import dev.quorate.core.membership.Verdict;
import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.ring.KeyHasher;
import dev.quorate.core.ring.NodeEntry;
import dev.quorate.core.ring.NodeStatus;
import dev.quorate.core.ring.SlotTable;
import dev.quorate.core.storage.LeafDelta;
import dev.quorate.core.storage.LeafRebuild;
import dev.quorate.core.storage.LeafSums;
import dev.quorate.core.storage.MerkleTree;
import dev.quorate.core.storage.ObjectDigest;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.WriteBatch;
import dev.quorate.core.version.Actor;
import dev.quorate.core.version.CausalContext;
import dev.quorate.core.version.ContextToken;
import dev.quorate.core.version.Dot;
import dev.quorate.core.version.Hint;
import dev.quorate.core.version.RecordCodec;
import dev.quorate.core.version.Sibling;
import dev.quorate.core.version.StoredRecord;
import dev.quorate.core.version.VersionedObject;
import dev.quorate.simulation.History.Write;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Looks inside the nodes: sees every commit, every acknowledgement between nodes and every restart, and opens contexts with the
 * cluster's key. Checks what only that can show, and gives the history its white box evidence.
 *
 * <ul>
 *   <li>I4: contexts stay below their bounds
 *   <li>I7: once healed, all owners of a key come to hold the same siblings, and a hash tree is always what its records are
 *   <li>I8: a dot names one write for ever, a write has one dot, and so have all attempts at it at one boot of one node
 *   <li>I9: what a replica knows of a key only grows
 *   <li>I10: after a restart a replica still knows everything it acknowledged
 *   <li>I15: a node tells its peers of nothing that a damaged record made up
 *   <li>I13: a member is DOWN only by the word of two others, each of which probed it in vain
 * </ul>
 */
final class Witness {
    /** The first commit that held a dot. */
    private static final class Minted {
        private final String key;
        private final Sibling sibling;
        private final @Nullable Write write;
        /** Writes that were replaced at the coordinator, with their pasts. */
        private final BitSet replaced;

        Minted(String key, Sibling sibling, @Nullable Write write, BitSet replaced) {
            this.key = key;
            this.sibling = sibling;
            this.write = write;
            this.replaced = replaced;
        }
    }

    /** What the last attempt at a request made, and when. */
    private record Made(Dot dot, long at) {}

    /** A coordinator recognises a retry for a minute of its own clock, which may be fast; a stopped process may get one later. */
    private static final long REQUESTS_REMEMBERED = 55_000_000_000L;

    /** One machine's records, by key hash. */
    private static final class Machine {
        private final Map<Bytes, StoredRecord> held = new TreeMap<>();
        private final Map<Bytes, CausalContext> acknowledged = new TreeMap<>();
    }

    private final SimWorld world;
    private final History history;
    private final Situations situations;
    private final KeyHasher hasher;
    private final AgreedRing ring;
    private final ContextToken tokens;
    private final RecordCodec codec = new RecordCodec();
    private final ObjectDigest digests;
    private final Map<Dot, Minted> minted = new TreeMap<>();
    private final Map<String, List<Dot>> dotsOfKey = new TreeMap<>();
    private final Map<Write, Dot> dotOfWrite = new LinkedHashMap<>();
    private final Map<String, Made> madeByRequest = new TreeMap<>();
    private final Map<NodeId, TreeSet<Integer>> accusedBy = new TreeMap<>();
    private final int rescueQuorum;
    private final Machine[] machines;
    private final List<Violation> violations = new ArrayList<>();
    private long recordsWritten;

    /**
     * @param rescueQuorum how many others a damaged record is made again from
     */
    Witness(
            SimWorld world,
            History history,
            Situations situations,
            int machines,
            int rescueQuorum,
            Bytes hashSeed,
            Bytes clusterKey,
            AgreedRing ring) {
        this.ring = ring;
        this.rescueQuorum = rescueQuorum;
        this.world = world;
        this.history = history;
        this.situations = situations;
        this.hasher = new KeyHasher(hashSeed);
        this.tokens = new ContextToken(clusterKey);
        this.digests = new ObjectDigest(hashSeed);
        this.machines = new Machine[machines + 1];
        for (int machine = 1; machine <= machines; machine++) {
            this.machines[machine] = new Machine();
        }
    }

    List<Violation> violations() {
        return violations;
    }

    private void violated(String invariant, String key, String text) {
        violations.add(new Violation(invariant, key, text + " at " + world.now() / 1_000 + "us"));
    }

    KeyHash hash(Key key) {
        return hasher.hash(key);
    }

    Bytes storageKey(Key key) {
        return hash(key).toBytes();
    }

    /** Records written so far, on all machines. */
    long recordsWritten() {
        return recordsWritten;
    }

    /** I13, with the eyes of the nodes: what each says it found out, and what others make of it. Every machine is a host of its own. */
    MembershipListener listener(SimProcess process) {
        return new MembershipListener() {
            @Override
            public void accuses(NodeId accused, long heartbeat) {
                situations.happened(Situation.MEMBER_ACCUSED);
                accusedBy.computeIfAbsent(accused, none -> new TreeSet<>()).add(process.machine());
            }

            @Override
            public void judged(NodeId member, Verdict before, Verdict now, List<NodeId> accusers) {
                if (before == Verdict.DOWN) {
                    situations.happened(Situation.DOWN_REFUTED);
                }
                if (now != Verdict.DOWN) {
                    return;
                }
                situations.happened(Situation.MEMBER_DOWN);
                int needed = Math.min(2, ring.latest().active().size() - 1);
                // Who is named as a source must have probed in vain itself: hearsay is no source.
                TreeSet<Integer> sources = new TreeSet<>(accusedBy.getOrDefault(member, new TreeSet<>()));
                sources.retainAll(accusers.stream().map(NodeId::number).toList());
                if (sources.size() < needed) {
                    violated(
                            "I13",
                            "",
                            process.name() + " holds " + member + " to be DOWN by the word of " + accusers
                                    + ", of which " + sources + " found out themselves");
                }
            }

            @Override
            public void rolledBack(long own, long known) {
                situations.happened(Situation.ROLL_BACK_NOTICED);
            }
        };
    }

    /** Called before the batch becomes visible on that machine. */
    void committing(SimProcess process, WriteBatch batch) {
        for (WriteBatch.Change change : batch.changes()) {
            if (change.table() == Table.DATA) {
                recordsWritten++;
                committing(process, change);
            }
        }
    }

    private void committing(SimProcess process, WriteBatch.Change change) {
        Machine machine = machines[process.machine()];
        Bytes at = change.key();
        StoredRecord before = machine.held.get(at);
        Bytes bytes = change.value();
        StoredRecord after = bytes == null ? null : codec.decode(bytes);
        if (before != null && process.storage().wasReadDamaged(at) && !(after != null && knowsAll(after, before))) {
            // Replaced by what others hold: from here on this copy has promised nothing.
            history.destroyed(
                    before.key().bytes().utf8(), process.name().toString(), rescueQuorum, world.now(), new BitSet());
            machine.acknowledged.remove(at);
            machine.held.remove(at);
            before = null;
        }
        hintsAreKept(process, at, before, after);
        if (after == null) {
            if (before != null) {
                if (mustHold(process, before.key())) {
                    violated("I9", before.key().bytes().utf8(), process.name() + " removed a record");
                }
                cleared(process, before);
                machine.held.remove(at);
                machine.acknowledged.remove(at);
            }
            return;
        }
        String key = after.key().bytes().utf8();
        growsOnly(process, key, before, after);
        for (Sibling sibling : after.object().siblings()) {
            namesOneWrite(process, key, before, after, sibling);
        }
        machine.held.put(at, after);
    }

    /**
     * I11: a hint goes only once its owner has what it stood for, or with a damaged record that a member of the row replaces, which
     * comparing replicas makes up for; and what a node holds of other nodes' rows is all for somebody. No run lasts until a hint is too old.
     */
    private void hintsAreKept(
            SimProcess process, Bytes at, @Nullable StoredRecord before, @Nullable StoredRecord after) {
        StoredRecord either = after != null ? after : before;
        if (either == null
                || process.isImpostor()
                || before != null && before.hints().isEmpty() && after == null) {
            return;
        }
        String key = either.key().bytes().utf8();
        boolean member = mayHold(process, either.key());
        if (after != null && !member && after.hints().isEmpty()) {
            violated("I11", key, process.name() + " is no member of the row, and keeps a record for nobody");
        }
        for (Hint hint : after == null ? List.<Hint>of() : after.hints()) {
            if (before == null || before.hintFor(hint.owner()) == null) {
                situations.happened(Situation.HINT_KEPT);
            }
        }
        if (before == null) {
            return;
        }
        for (Hint hint : before.hints()) {
            if (after == null || after.hintFor(hint.owner()) == null) {
                hintIsGone(process, at, key, member, before, hint.owner(), after);
            }
        }
    }

    private void hintIsGone(
            SimProcess process,
            Bytes at,
            String key,
            boolean member,
            StoredRecord before,
            NodeId owner,
            @Nullable StoredRecord after) {
        boolean copyToo = after == null;
        StoredRecord theirs = machines[owner.number()].held.get(at);
        if (theirs != null && knowsAll(theirs, before)) {
            situations.happened(Situation.HINT_DELIVERED);
            if (copyToo) {
                history.handedOver(key, process.name().toString(), owner.toString(), world.now());
            }
        } else if (isReroutedFrom(process, before.key(), owner, member, after)) {
            situations.happened(Situation.HINT_REROUTED);
        } else if (member && process.storage().wasReadDamaged(at)) {
            // What another owner holds took the place of a record that nobody can read, its hints included.
            situations.happened(Situation.HINT_DROPPED_BY_A_MEMBER);
        } else if (!wasDestroyed(key, owner)) {
            violated(
                    "I11",
                    key,
                    process.name() + " dropped its hint for " + owner + ", which holds " + theirs + " and not "
                            + before.object());
        }
    }

    private static boolean knowsAll(StoredRecord after, StoredRecord before) {
        CausalContext knows = after.object().context();
        return knows.union(before.object().context()).equals(knows);
    }

    /** What a node cleared away because another owns it now is that one's to keep. */
    private void cleared(SimProcess process, StoredRecord record) {
        NodeId successor = ring.successor(process.name(), record.key());
        if (record.hints().isEmpty() && successor != null && !successor.equals(process.name())) {
            history.handedOver(
                    record.key().bytes().utf8(), process.name().toString(), successor.toString(), world.now());
        }
    }

    /**
     * Whether the owner lost the slot, or cannot be had by one who is about to leave, and what was kept for it is now here to stay, or for
     * those who own it (rules.md A8).
     */
    private boolean isReroutedFrom(
            SimProcess process, Key key, NodeId owner, boolean member, @Nullable StoredRecord after) {
        List<NodeId> row = ring.owners(process.ring(ring.latest()), key);
        boolean forOthers = after != null && after.hints().stream().anyMatch(hint -> row.contains(hint.owner()));
        NodeEntry self = process.ring(ring.latest()).node(process.name());
        boolean leaves = self != null && self.status() == NodeStatus.DRAINING;
        return (!row.contains(owner) || leaves) && after != null && (member || forOthers);
    }

    /** What an owner holds stays, and what a node takes over from one; but not what was left here before a hand-over began. */
    private boolean mustHold(SimProcess process, Key key) {
        return ring.owners(process.ring(ring.latest()), key).contains(process.name())
                || process.receives(ring.slot(process.ring(ring.latest()), key));
    }

    /** By the ring that the process uses: it may be the last to hear of a change. */
    private boolean mayHold(SimProcess process, Key key) {
        return ring.mayHold(process.ring(ring.latest()), process.name(), key);
    }

    /** A node was taken out without its cooperation: what it alone had is gone with it. */
    void removed(NodeId node, int consulted) {
        history.removed(node.toString(), consulted, world.now());
    }

    /** I9. */
    private void growsOnly(SimProcess process, String key, @Nullable StoredRecord before, StoredRecord after) {
        if (before == null) {
            return;
        }
        CausalContext knew = before.object().context();
        CausalContext knows = after.object().context();
        if (!knowsAll(after, before)) {
            violated("I9", key, process.name() + " forgot: knew " + knew + ", knows " + knows);
        }
        List<Dot> held = before.object().dots();
        for (Sibling sibling : after.object().siblings()) {
            if (knew.covers(sibling.dot()) && !held.contains(sibling.dot())) {
                violated("I9", key, process.name() + " took back " + sibling.dot() + ", which it had seen superseded");
            }
        }
    }

    /** I8; and the birth of a dot. */
    private void namesOneWrite(
            SimProcess process, String key, @Nullable StoredRecord before, StoredRecord after, Sibling sibling) {
        Minted known = minted.get(sibling.dot());
        if (known != null) {
            boolean same = known.key.equals(key)
                    && known.sibling.kind() == sibling.kind()
                    && known.sibling.value().equals(sibling.value())
                    && known.sibling.hybridTime() == sibling.hybridTime();
            if (!same) {
                violated(
                        "I8",
                        key,
                        sibling.dot() + " names " + known.key + " " + known.sibling + " and " + sibling + " on "
                                + process.name());
            }
            return;
        }
        BitSet replaced = replaced(before, after);
        Write write = sibling.kind() == Sibling.Kind.VALUE
                ? history.writeOf(key, sibling.value().utf8())
                : null;
        if (sibling.dot().actor().node() != process.identity().number()) {
            violated("I8", key, process.name() + " holds " + sibling + ", which its node never committed");
        }
        if (sibling.kind() == Sibling.Kind.VALUE && replacedDeletion(before, after)) {
            situations.happened(Situation.WRITTEN_OVER_A_DELETION);
        }
        if (sibling.kind() == Sibling.Kind.TOMBSTONE) {
            history.key(key).removedByUnknownDeletes.put(sibling.dot().toString(), replaced);
        } else if (write == null) {
            violated("I3", key, "nobody wrote " + sibling);
        } else {
            Dot earlier = dotOfWrite.put(write, sibling.dot());
            if (earlier != null) {
                violated("I8", key, write + " has two dots: " + earlier + " and " + sibling.dot());
            }
            String request = write.request() + " at " + sibling.dot().actor();
            Made otherAttempt =
                    write.request().isEmpty() ? null : madeByRequest.put(request, new Made(sibling.dot(), world.now()));
            if (otherAttempt != null && world.now() - otherAttempt.at() < REQUESTS_REMEMBERED) {
                violated("I8", key, request + " was written twice: " + otherAttempt.dot() + " and " + sibling.dot());
            }
            if (write.intent.seen() == null && write.intent.supersedesHeld()) {
                write.coordinatorHeld(replaced);
                if (!replaced.isEmpty()) {
                    situations.happened(Situation.BLIND_WRITE_SUPERSEDED);
                }
            }
        }
        minted.put(sibling.dot(), new Minted(key, sibling, write, replaced));
        dotsOfKey.computeIfAbsent(key, absent -> new ArrayList<>()).add(sibling.dot());
    }

    private static boolean replacedDeletion(@Nullable StoredRecord before, StoredRecord after) {
        if (before == null) {
            return false;
        }
        List<Dot> stays = after.object().dots();
        return before.object().siblings().stream()
                .anyMatch(sibling -> sibling.kind() == Sibling.Kind.TOMBSTONE && !stays.contains(sibling.dot()));
    }

    /** The writes that {@code before} shows and {@code after} does not, and what was before them. */
    private BitSet replaced(@Nullable StoredRecord before, StoredRecord after) {
        BitSet replaced = new BitSet();
        if (before == null) {
            return replaced;
        }
        List<Dot> stays = after.object().dots();
        for (Dot dot : before.object().dots()) {
            Minted gone = stays.contains(dot) ? null : minted.get(dot);
            if (gone != null) {
                replaced.or(gone.replaced);
                if (gone.write != null) {
                    replaced.set(gone.write.index);
                    replaced.or(gone.write.past());
                }
            }
        }
        return replaced;
    }

    /** A replica answered a peer. */
    void answered(SimProcess process, PeerRequest request, PeerReply reply) {
        if (reply instanceof PeerReply.Replicated && request instanceof PeerRequest.Replicate replicate) {
            acknowledged(process.machine(), replicate.key(), replicate.object().context());
        }
        if (reply instanceof PeerReply.ReadReply read
                && read.object() != null
                && request instanceof PeerRequest.Read asked) {
            genuine(process, asked.key(), read.object());
        }
    }

    /** A node sends a request to a peer. */
    void sent(SimProcess process, PeerRequest request) {
        if (request instanceof PeerRequest.Replicate replicate) {
            genuine(process, replicate.key(), replicate.object());
        }
    }

    /** I15: what a node says of a record is what was once written, whatever its disk returned. */
    private void genuine(SimProcess process, Key key, VersionedObject object) {
        for (Sibling sibling : object.siblings()) {
            Minted known = minted.get(sibling.dot());
            if (known == null || !known.sibling.equals(sibling)) {
                violated(
                        "I15",
                        key.bytes().utf8(),
                        process.name() + " told a peer of " + sibling + ", written was "
                                + (known == null ? "nothing" : known.sibling));
            }
        }
    }

    private void acknowledged(int machine, Key key, CausalContext context) {
        machines[machine].acknowledged.merge(storageKey(key), context, CausalContext::union);
    }

    /** I10: a client that asked for {@code w} copies was told that these nodes hold a dot. */
    void acknowledged(List<NodeId> nodes, int w, Key key, Dot dot) {
        String name = key.bytes().utf8();
        if (new TreeSet<>(nodes).size() < w) {
            violated("I10", name, dot + " was acknowledged with " + nodes + " where " + w + " were asked for");
        }
        CausalContext own = CausalContext.EMPTY.withInterval(dot.actor(), dot.sequence(), dot.sequence(), 0);
        for (NodeId node : nodes) {
            StoredRecord record = machines[node.number()].held.get(storageKey(key));
            boolean holds = record != null && record.object().context().covers(dot);
            if (holds) {
                acknowledged(node.number(), key, own);
            } else if (ring.owners(key).contains(node) && !wasDestroyed(name, node)) {
                // Whoever stood in may have handed it over by now: the hint's own account is kept above.
                violated("I10", name, node + " is said to hold " + dot + ", and holds " + record);
            }
        }
    }

    private boolean wasDestroyed(String key, NodeId node) {
        return history.key(key).destroyed.stream().anyMatch(loss -> loss.node().equals(node.toString()));
    }

    /**
     * The next process of a machine will find this disk and no other: what it does not hold has lost that copy.
     *
     * @param consulted how many others the node hears out before it answers reads again
     * @return whether something was lost that the machine had acknowledged
     */
    boolean diskReplaced(int number, SimDisk disk, int consulted) {
        Machine machine = machines[number];
        boolean lostAcknowledged = false;
        if (consulted == 0) {
            // An image of another time says that nothing is recovering, also where the disk before it was empty.
            history.consultsNobody(new NodeId(number).toString(), world.now());
        }
        for (Map.Entry<Bytes, StoredRecord> entry : machine.held.entrySet()) {
            Bytes bytes = disk.table(Table.DATA).get(entry.getKey());
            CausalContext knows = bytes == null
                    ? CausalContext.EMPTY
                    : codec.decode(bytes).object().context();
            Key key = entry.getValue().key();
            CausalContext knew = entry.getValue().object().context();
            if (!knows.union(knew).equals(knows)) {
                history.destroyed(
                        key.bytes().utf8(),
                        new NodeId(number).toString(),
                        consulted,
                        world.now(),
                        survivors(key, knows));
            }
            CausalContext promised = machine.acknowledged.getOrDefault(entry.getKey(), CausalContext.EMPTY);
            if (!knows.union(promised).equals(knows)) {
                machine.acknowledged.remove(entry.getKey());
                lostAcknowledged = true;
            }
        }
        load(machine, disk);
        return lostAcknowledged;
    }

    private void load(Machine machine, SimDisk disk) {
        machine.held.clear();
        disk.table(Table.DATA).forEach((at, bytes) -> machine.held.put(at, codec.decode(bytes)));
    }

    /** The writes of the key, deletes too, that whoever knows this still has a copy of, or of what superseded them. */
    private BitSet survivors(Key key, CausalContext knows) {
        BitSet survivors = covered(key, knows);
        for (Write write : history.key(key.bytes().utf8()).writes) {
            Dot dot = write.isDelete() ? dotOfWrite.get(write) : null;
            if (dot != null && knows.covers(dot)) {
                survivors.set(write.index);
            }
        }
        return survivors;
    }

    /** I10: a machine starts on what its disk holds. */
    void restarting(int number, SimDisk disk) {
        Machine machine = machines[number];
        load(machine, disk);
        machine.acknowledged.forEach((at, promised) -> {
            StoredRecord record = machine.held.get(at);
            CausalContext knows =
                    record == null ? CausalContext.EMPTY : record.object().context();
            if (!knows.union(promised).equals(knows)) {
                violated(
                        "I10",
                        record == null ? at.hex() : record.key().bytes().utf8(),
                        "n" + number + " acknowledged " + promised + " and after its restart knows " + knows);
            }
        });
        // Told once is enough.
        machine.acknowledged.clear();
        leavesAgree(number, disk);
    }

    /** I7: what a disk says about its records in sums is what they are, whatever was lost in the crash. */
    private void leavesAgree(int number, SimDisk disk) {
        if (disk.table(Table.META).isEmpty()) {
            // No node has ever started on it.
            return;
        }
        LeafSums sums = new LeafSums();
        disk.table(Table.DATA).forEach((at, bytes) -> {
            KeyHash hash = KeyHash.fromBytes(at);
            sums.add(
                    MerkleTree.leafOf(hash),
                    digests.of(hash, codec.decode(bytes).object()),
                    1);
        });
        disk.table(Table.MERKLE).forEach((at, bytes) -> {
            LeafDelta leaf = LeafDelta.of(at, bytes);
            sums.add(leaf.leaf(), leaf.xor(), -leaf.count());
        });
        TreeSet<Integer> suspects = new TreeSet<>();
        disk.table(Table.META).keySet().forEach(key -> {
            Integer suspect = LeafRebuild.markedBy(key);
            if (suspect != null) {
                suspects.add(suspect);
            }
        });
        sums.visit(0, LeafSums.LEAVES, (leaf, xor, count) -> {
            if (!suspects.contains(leaf)) {
                violated("I7", "", "n" + number + " starts with leaf " + leaf + " off by " + count + " records");
            }
        });
    }

    /** I7: null when all owners of each key hold the same siblings of it, and their hash trees say so; otherwise what differs. */
    @Nullable
    String difference(SlotTable table, SortedMap<Integer, MerkleTree> trees) {
        TreeSet<Bytes> all = new TreeSet<>();
        for (int number = 1; number < machines.length; number++) {
            all.addAll(machines[number].held.keySet());
        }
        for (Bytes at : all) {
            KeyHash hash = KeyHash.fromBytes(at);
            List<NodeId> owners = table.owners(hash.slot(table.log2Slots()));
            long first = digestAt(owners.get(0), at, hash);
            for (NodeId owner : owners) {
                if (digestAt(owner, at, hash) != first) {
                    return owner + " and " + owners.get(0) + " hold different siblings of " + at.hex();
                }
            }
        }
        for (int slot = 0; slot < table.slots(); slot++) {
            int from = MerkleTree.firstLeaf(slot, table.log2Slots());
            int end = MerkleTree.endLeaf(slot, table.log2Slots());
            List<NodeId> owners = table.owners(slot);
            MerkleTree.Root first = null;
            for (NodeId owner : owners) {
                MerkleTree tree = trees.get(owner.number());
                MerkleTree.Root root = tree == null ? null : tree.root(from, end);
                if (first != null && !first.equals(root)) {
                    return owner + " and " + owners.get(0) + " hold the same, and their trees of slot " + slot
                            + " differ";
                }
                first = root;
            }
        }
        return null;
    }

    private long digestAt(NodeId owner, Bytes at, KeyHash hash) {
        StoredRecord record = machines[owner.number()].held.get(at);
        return record == null ? 0 : digests.of(hash, record.object());
    }

    /** Whether the record of every key on this disk covers the first dot of that boot: then a rolled back identity is noticed. */
    boolean wouldNotice(SimDisk disk, Actor formerSelf) {
        Dot first = new Dot(formerSelf, 1);
        return !disk.table(Table.DATA).isEmpty()
                && disk.table(Table.DATA).values().stream()
                        .allMatch(
                                bytes -> codec.decode(bytes).object().context().covers(first));
    }

    /** What a context that a client was given covers. I4 for its size. */
    CausalContext open(Key key, Bytes token) {
        if (token.isEmpty()) {
            return CausalContext.EMPTY;
        }
        String name = key.bytes().utf8();
        if (token.length() > ContextToken.MAX_LENGTH) {
            violated("I4", name, "a context of " + token.length() + " bytes");
        }
        KeyHash hash = hasher.hash(key);
        CausalContext context = tokens.open(key, hash, token);
        int dots = dotsOfKey.getOrDefault(name, List.of()).size();
        if (context.entryCount() > dots) {
            violated("I4", name, context.entryCount() + " intervals after " + dots + " writes: " + context);
        }
        return context;
    }

    /** The writes of the key whose dots a context covers. */
    BitSet covered(Key key, CausalContext context) {
        BitSet covered = new BitSet();
        for (Dot dot : dotsOfKey.getOrDefault(key.bytes().utf8(), List.of())) {
            Minted birth = minted.get(dot);
            if (birth != null && birth.write != null && context.covers(dot)) {
                covered.set(birth.write.index);
            }
        }
        return covered;
    }

    /** The dot under which a write was committed; null if it never was. */
    @Nullable
    Dot dotOf(Write write) {
        return dotOfWrite.get(write);
    }

    /**
     * The dot of the delete that was answered with this context: the newest one of its coordinator in it, since a coordinator refuses
     * contexts that name later ones of its own.
     */
    @Nullable
    Dot deletionIn(Key key, CausalContext context, NodeId coordinator) {
        Dot newest = null;
        for (Dot dot : dotsOfKey.getOrDefault(key.bytes().utf8(), List.of())) {
            Minted birth = minted.get(dot);
            boolean candidate = birth != null
                    && birth.sibling.kind() == Sibling.Kind.TOMBSTONE
                    && dot.actor().node() == coordinator.number()
                    && context.covers(dot);
            // In the order of minting, and boots of one node follow each other.
            if (candidate) {
                newest = dot;
            }
        }
        return newest;
    }

    /** An acknowledged delete accounts for what that dot removed. */
    void accountFor(Key key, Dot dot, Write delete) {
        dotOfWrite.put(delete, dot);
        BitSet removed = history.key(key.bytes().utf8()).removedByUnknownDeletes.remove(dot.toString());
        if (removed != null && delete.intent.seen() == null && delete.intent.supersedesHeld()) {
            delete.coordinatorHeld(removed);
        }
    }
}
