package dev.quorate.core.ring;

import dev.quorate.core.model.Check;
import dev.quorate.core.model.NodeId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** A {@link RingState} in the making. Not safe to share; whoever makes one builds it and drops it. */
public final class RingEdit {
    /** One voter would be a single point of failure from this many nodes on, three and five likewise. */
    private static final int[][] VOTERS_FROM_NODES = {{100, 7}, {10, 5}, {3, 3}, {0, 1}};

    RingVersion version;
    int replicas;
    int log2Slots;
    final List<List<NodeId>> rows;
    long[] rowEpochs;
    final SortedMap<NodeId, NodeEntry> nodes;
    int nextNodeNumber;
    final List<Move> moves;
    long nextMoveId;
    List<NodeId> voters;
    List<NodeId> newVoters;
    final SortedMap<NodeId, StagedChange> staged;
    boolean paused;

    RingEdit(RingState from) {
        this(
                from.version().next(),
                from.replicas(),
                from.table().log2Slots(),
                rowsOf(from.table()),
                from.rowEpochs().clone(),
                from.nodes());
        this.nextNodeNumber = from.nextNodeNumber();
        this.moves.addAll(from.moves());
        this.nextMoveId = from.nextMoveId();
        this.voters = from.voters();
        this.newVoters = from.newVoters();
        this.staged.putAll(from.staged());
        this.paused = from.paused();
    }

    RingEdit(
            RingVersion version,
            int replicas,
            int log2Slots,
            List<List<NodeId>> rows,
            long[] rowEpochs,
            SortedMap<NodeId, NodeEntry> nodes) {
        this.version = version;
        this.replicas = replicas;
        this.log2Slots = log2Slots;
        this.rows = rows;
        this.rowEpochs = rowEpochs;
        this.nodes = new TreeMap<>(nodes);
        this.moves = new ArrayList<>();
        this.nextMoveId = 1;
        this.voters = List.of();
        this.newVoters = List.of();
        this.staged = new TreeMap<>();
    }

    static RingEdit genesis(List<NodeEntry> founders, int replicas, int log2Slots) {
        SortedMap<NodeId, NodeEntry> nodes = new TreeMap<>();
        for (NodeEntry founder : founders) {
            nodes.put(founder.id(), founder.with(NodeStatus.NORMAL));
        }
        SlotTable table = SlotAllocator.initial(
                nodes.values().stream().map(NodeEntry::placement).toList(), replicas, log2Slots);
        return of(table, nodes, replicas);
    }

    /** The first state of a ring whose table is given. */
    static RingEdit of(SlotTable table, SortedMap<NodeId, NodeEntry> nodes, int replicas) {
        long[] rowEpochs = new long[table.slots()];
        Arrays.fill(rowEpochs, 1);
        RingEdit edit =
                new RingEdit(new RingVersion(0, 1), replicas, table.log2Slots(), rowsOf(table), rowEpochs, nodes);
        edit.nextNodeNumber = nodes.lastKey().number() + 1;
        edit.voters = votersAmong(table.members());
        return edit;
    }

    private static List<List<NodeId>> rowsOf(SlotTable table) {
        List<List<NodeId>> rows = new ArrayList<>(table.slots());
        for (int slot = 0; slot < table.slots(); slot++) {
            rows.add(table.owners(slot));
        }
        return rows;
    }

    /** 1, 3, 5 or 7 of the members, in as many racks as there are, and of these the ones with the lowest numbers. */
    public static List<NodeId> votersAmong(List<Member> members) {
        return votersAmong(members, List.of(), members.size());
    }

    /**
     * The same for a ring of so many nodes, where some vote already, who come before those with lower numbers that do not.
     *
     * @param members those that can be had
     */
    public static List<NodeId> votersAmong(List<Member> members, List<NodeId> present, int nodes) {
        int wanted = 1;
        for (int[] step : VOTERS_FROM_NODES) {
            if (nodes >= step[0]) {
                wanted = step[1];
                break;
            }
        }
        List<Member> left = new ArrayList<>(SlotTable.sortedById(members));
        left.sort((a, b) -> Boolean.compare(present.contains(b.id()), present.contains(a.id())));
        List<Member> chosen = new ArrayList<>();
        while (chosen.size() < wanted) {
            Member best = null;
            long bestShared = Long.MAX_VALUE;
            for (Member member : left) {
                long shared = chosen.stream().filter(member::sharesRackWith).count() * members.size()
                        + chosen.stream().filter(member::sharesHostWith).count();
                if (shared < bestShared) {
                    best = member;
                    bestShared = shared;
                }
            }
            if (best == null) {
                break;
            }
            chosen.add(best);
            left.remove(best);
        }
        if (chosen.size() % 2 == 0) {
            // One more would have to be in reach for a larger majority, and nothing would be gained.
            chosen.remove(chosen.size() - 1);
        }
        return chosen.stream().map(Member::id).sorted().toList();
    }

    public RingState build() {
        return new RingState(this);
    }

    SlotTable table() {
        List<Member> members = new ArrayList<>();
        for (NodeEntry entry : nodes.values()) {
            if (entry.status().mayOwn()) {
                members.add(entry.placement());
            }
        }
        return SlotTable.of(version.epoch(), log2Slots, members, rows);
    }

    /** Adds a node, or replaces what is known of it. */
    public RingEdit node(NodeEntry entry) {
        nodes.put(entry.id(), entry);
        nextNodeNumber = Math.max(nextNodeNumber, entry.id().number() + 1);
        return this;
    }

    public RingEdit stage(NodeId node, StagedChange change) {
        Check.argument(nodes.containsKey(node), "%s is not in the ring", node);
        staged.put(node, change);
        return this;
    }

    public RingEdit unstage(NodeId node) {
        staged.remove(node);
        return this;
    }

    /** Plans a hand-over, behind those already planned. A dead owner's place is taken at once. */
    public RingEdit plan(Move.Kind kind, int slot, int position, NodeId from, NodeId to) {
        return plan(kind, slot, position, from, to, false);
    }

    /** The same, where a dead owner's successor may have to count although acknowledged writes may be missed. */
    public RingEdit plan(Move.Kind kind, int slot, int position, NodeId from, NodeId to, boolean unsafe) {
        moves.add(new Move(nextMoveId++, 0, kind, slot, position, from, to, version.epoch(), unsafe));
        if (kind == Move.Kind.RECOVER) {
            setOwner(slot, position, to);
        }
        return this;
    }

    /** The hand-over is done: its receiver stands in the row. */
    public RingEdit finish(Move move) {
        Check.argument(moves.remove(move), "%s is not under way", move);
        if (move.kind() == Move.Kind.MOVE) {
            setOwner(move.slot(), move.position(), move.to());
        }
        return this;
    }

    /** The hand-over is given up; its row stays as it is. */
    public RingEdit cancel(Move move) {
        Check.argument(moves.remove(move), "%s is not under way", move);
        return this;
    }

    /** The hand-over begins again. */
    public RingEdit again(Move move) {
        int index = moves.indexOf(move);
        Check.argument(index >= 0, "%s is not under way", move);
        moves.set(index, move.again(version.epoch()));
        return this;
    }

    /** Puts a node in a row, which makes requests under the former row stale. */
    public RingEdit setOwner(int slot, int position, NodeId owner) {
        List<NodeId> row = new ArrayList<>(rows.get(slot));
        row.set(position, owner);
        rows.set(slot, row);
        rowEpochs[slot] = version.epoch();
        return this;
    }

    /** Puts the owners of a slot in another order of preference: nothing moves, and no request becomes stale. */
    public RingEdit prefer(int slot, List<NodeId> order) {
        List<NodeId> row = rows.get(slot);
        Check.argument(
                order.size() == row.size() && order.containsAll(row), "slot %d: %s instead of %s", slot, order, row);
        rows.set(slot, List.copyOf(order));
        return this;
    }

    public RingEdit voters(List<NodeId> now, List<NodeId> toCome) {
        voters = List.copyOf(now);
        newVoters = List.copyOf(toCome);
        return this;
    }

    public RingEdit paused(boolean pause) {
        paused = pause;
        return this;
    }

    /** Begins a new generation: only for an operator whose voters' majority is gone for good. */
    public RingEdit newGeneration() {
        version = new RingVersion(version.generation() + 1, version.epoch());
        return this;
    }

    /** Cuts every slot in two. Records need not move: they lie in the order of their hashes. Only while nothing moves. */
    public RingEdit split() {
        Check.argument(moves.isEmpty(), "%d moves are under way: slots cannot be split before they end", moves.size());
        Check.argument(log2Slots < SlotTable.MAX_LOG2_SLOTS, "2^%d slots are the most there can be", log2Slots);
        List<List<NodeId>> former = new ArrayList<>(rows);
        rows.clear();
        long[] epochs = new long[rowEpochs.length * 2];
        for (int slot = 0; slot < former.size(); slot++) {
            rows.add(former.get(slot));
            rows.add(former.get(slot));
            epochs[2 * slot] = version.epoch();
            epochs[2 * slot + 1] = version.epoch();
        }
        rowEpochs = epochs;
        log2Slots++;
        return this;
    }
}
