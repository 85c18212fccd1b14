package dev.quorate.simulation;

import dev.quorate.core.membership.MembershipListener;
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
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Looks inside the nodes: sees every commit, every acknowledgement between nodes and every restart. Checks what only that can show, and
 * gives the history its white box evidence. What dots name ({@link DotWitness}), hash trees ({@link HashTreeWitness}) and verdicts about
 * members ({@link MembershipWitness}) are left to witnesses of their own, which it lets see what concerns them.
 *
 * <ul>
 *   <li>I7: once healed, all owners of a key come to hold the same siblings, and a hash tree is always what its records are
 *   <li>I9: what a replica knows of a key only grows
 *   <li>I10: after a restart a replica still knows everything it acknowledged
 *   <li>I11: what a node holds for another it keeps until that one has it
 * </ul>
 */
final class Witness {
    /** One machine's records, by key hash. */
    private static final class Machine {
        private final Map<Bytes, StoredRecord> held = new TreeMap<>();
        private final Map<Bytes, CausalContext> acknowledged = new TreeMap<>();
        /** What it knew of keys when it cleared them away for the next owner, since its process began. */
        private final Map<Bytes, CausalContext> cleared = new TreeMap<>();
    }

    private final SimWorld world;
    private final History history;
    private final Situations situations;
    private final KeyHasher hasher;
    private final AgreedRing ring;
    private final RecordCodec codec = new RecordCodec();
    private final int rescueQuorum;
    private final Machine[] machines;
    private final Findings findings;
    private final DotWitness dots;
    private final MembershipWitness membership;
    private final HashTreeWitness trees;
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
        this.findings = new Findings(world);
        this.dots = new DotWitness(world, history, situations, hasher, new ContextToken(clusterKey), findings);
        this.membership = new MembershipWitness(situations, ring, findings);
        this.trees = new HashTreeWitness(new ObjectDigest(hashSeed), findings);
        this.machines = new Machine[machines + 1];
        for (int machine = 1; machine <= machines; machine++) {
            this.machines[machine] = new Machine();
        }
    }

    List<Violation> violations() {
        return findings.violations();
    }

    /** What is known of dots and contexts. */
    DotWitness dots() {
        return dots;
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

    /** Told of what the node finds out about the others. */
    MembershipListener listener(SimProcess process) {
        return membership.listener(process);
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
                    findings.violated("I9", before.key().bytes().utf8(), process.name() + " removed a record");
                }
                cleared(process, before);
                machine.cleared.put(at, before.object().context());
                machine.held.remove(at);
                machine.acknowledged.remove(at);
            }
            return;
        }
        String key = after.key().bytes().utf8();
        growsOnly(process, key, before, after);
        for (Sibling sibling : after.object().siblings()) {
            dots.namesOneWrite(process, key, before, after, sibling);
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
            findings.violated("I11", key, process.name() + " is no member of the row, and keeps a record for nobody");
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
        } else if (wentOn(machines[owner.number()], at, before.object().context())) {
            situations.happened(Situation.HINT_DELIVERED);
            NodeId successor = ring.successor(owner, before.key());
            if (copyToo && successor != null) {
                history.handedOver(key, process.name().toString(), successor.toString(), world.now());
            }
        } else if (isReroutedFrom(process, before.key(), owner, member, after)) {
            situations.happened(Situation.HINT_REROUTED);
        } else if (member && process.storage().wasReadDamaged(at)) {
            // What another owner holds took the place of a record that nobody can read, its hints included.
            situations.happened(Situation.HINT_DROPPED_BY_A_MEMBER);
        } else if (!wasDestroyed(key, owner)) {
            findings.violated(
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
            findings.violated("I9", key, process.name() + " forgot: knew " + knew + ", knows " + knows);
        }
        List<Dot> held = before.object().dots();
        for (Sibling sibling : after.object().siblings()) {
            if (knew.covers(sibling.dot()) && !held.contains(sibling.dot())) {
                findings.violated(
                        "I9", key, process.name() + " took back " + sibling.dot() + ", which it had seen superseded");
            }
        }
    }

    /** A replica answered a peer. */
    void answered(SimProcess process, PeerRequest request, PeerReply reply) {
        if (reply instanceof PeerReply.Replicated && request instanceof PeerRequest.Replicate replicate) {
            CausalContext context = replicate.object().context();
            if (!wentOn(machines[process.machine()], storageKey(replicate.key()), context)) {
                acknowledged(process.machine(), replicate.key(), context);
            }
        }
        if (reply instanceof PeerReply.ReadReply read
                && read.object() != null
                && request instanceof PeerRequest.Read asked) {
            dots.genuine(process, asked.key(), read.object());
        }
    }

    /** Whether the next owner has it by now: a change is forwarded before it is acknowledged, and may be cleared away in between. */
    private static boolean wentOn(Machine machine, Bytes at, CausalContext context) {
        CausalContext cleared = machine.cleared.get(at);
        return cleared != null
                && !machine.held.containsKey(at)
                && cleared.union(context).equals(cleared);
    }

    /** A node sends a request to a peer. */
    void sent(SimProcess process, PeerRequest request) {
        if (request instanceof PeerRequest.Replicate replicate) {
            dots.genuine(process, replicate.key(), replicate.object());
        }
    }

    private void acknowledged(int machine, Key key, CausalContext context) {
        machines[machine].acknowledged.merge(storageKey(key), context, CausalContext::union);
    }

    /** I10: a client that asked for {@code w} copies was told that these nodes hold a dot. */
    void acknowledged(List<NodeId> nodes, int w, Key key, Dot dot) {
        String name = key.bytes().utf8();
        if (new TreeSet<>(nodes).size() < w) {
            findings.violated("I10", name, dot + " was acknowledged with " + nodes + " where " + w + " were asked for");
        }
        CausalContext own = CausalContext.EMPTY.withInterval(dot.actor(), dot.sequence(), dot.sequence(), 0);
        for (NodeId node : nodes) {
            StoredRecord record = machines[node.number()].held.get(storageKey(key));
            boolean holds = record != null && record.object().context().covers(dot);
            if (holds) {
                acknowledged(node.number(), key, own);
            } else if (ring.owners(key).contains(node) && !wasDestroyed(name, node)) {
                // Whoever stood in may have handed it over by now: the hint's own account is kept above.
                findings.violated("I10", name, node + " is said to hold " + dot + ", and holds " + record);
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
                        dots.survivors(key, knows));
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
        machine.cleared.clear();
        disk.table(Table.DATA).forEach((at, bytes) -> machine.held.put(at, codec.decode(bytes)));
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
                findings.violated(
                        "I10",
                        record == null ? at.hex() : record.key().bytes().utf8(),
                        "n" + number + " acknowledged " + promised + " and after its restart knows " + knows);
            }
        });
        // Told once is enough.
        machine.acknowledged.clear();
        trees.leavesAgree(number, disk);
    }

    /** I7: null when all owners of each key hold the same siblings of it, and their hash trees say so; otherwise what differs. */
    @Nullable
    String difference(SlotTable table, SortedMap<Integer, MerkleTree> treesOfMachines) {
        TreeSet<Bytes> all = new TreeSet<>();
        for (int number = 1; number < machines.length; number++) {
            all.addAll(machines[number].held.keySet());
        }
        return trees.difference(table, treesOfMachines, all, (owner, at) -> machines[owner.number()].held.get(at));
    }

    /** Whether the record of every key on this disk covers the first dot of that boot: then a rolled back identity is noticed. */
    boolean wouldNotice(SimDisk disk, Actor formerSelf) {
        Dot first = new Dot(formerSelf, 1);
        return !disk.table(Table.DATA).isEmpty()
                && disk.table(Table.DATA).values().stream()
                        .allMatch(
                                bytes -> codec.decode(bytes).object().context().covers(first));
    }
}
