package dev.quorate.core.ring;

import dev.quorate.core.model.Check;
import dev.quorate.core.model.NodeId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * All that the nodes of a ring have to agree about: who is in it, who owns what, and what is changing. Immutable; a change is a new state
 * with the next epoch, committed by a majority of the voters, and only committed states are ever passed on or used.
 *
 * <p>The table's members are the nodes that may own slots ({@link NodeStatus#mayOwn}); nodes that join are known only here.
 */
public final class RingState {
    private final RingVersion version;
    private final int replicas;
    private final SlotTable table;
    private final long[] rowEpochs;
    private final SortedMap<NodeId, NodeEntry> nodes;
    private final int nextNodeNumber;
    private final List<Move> moves;
    private final long nextMoveId;
    private final List<NodeId> voters;
    private final List<NodeId> newVoters;
    private final SortedMap<NodeId, StagedChange> staged;
    private final boolean paused;
    // By slot: the first move of those that are not finished, which is the only one that may run.
    private final SortedMap<Integer, Move> firstMoves = new TreeMap<>();
    private final SortedMap<Integer, List<Move>> movesBySlot = new TreeMap<>();

    RingState(RingEdit edit) {
        this.version = edit.version;
        this.replicas = edit.replicas;
        this.nodes = Collections.unmodifiableSortedMap(new TreeMap<>(edit.nodes));
        this.table = edit.table();
        this.rowEpochs = edit.rowEpochs.clone();
        this.nextNodeNumber = edit.nextNodeNumber;
        this.moves = List.copyOf(edit.moves);
        this.nextMoveId = edit.nextMoveId;
        this.voters = List.copyOf(edit.voters);
        this.newVoters = List.copyOf(edit.newVoters);
        this.staged = Collections.unmodifiableSortedMap(new TreeMap<>(edit.staged));
        this.paused = edit.paused;
        Check.argument(rowEpochs.length == table.slots(), "%d row epochs, %s", rowEpochs.length, table);
        Check.argument(!voters.isEmpty(), "a ring without voters");
        for (Move move : moves) {
            Check.argument(move.slot() < table.slots(), "%s of %s", move, table);
            firstMoves.putIfAbsent(move.slot(), move);
            movesBySlot.computeIfAbsent(move.slot(), none -> new ArrayList<>()).add(move);
        }
    }

    /**
     * The first state of a cluster, which its founding members compute alike from the same configuration.
     *
     * @param replicas wanted per slot; no more than there are hosts are given
     */
    public static RingState genesis(List<NodeEntry> founders, int replicas, int log2Slots) {
        return RingEdit.genesis(founders, replicas, log2Slots).build();
    }

    /** The first state of a cluster whose table is given, for those who make up rings. Its nodes have no addresses. */
    public static RingState of(SlotTable table) {
        return of(table, List.of());
    }

    /** The same with further nodes, which have been admitted to join. */
    public static RingState of(SlotTable table, List<Member> joining) {
        SortedMap<NodeId, NodeEntry> nodes = new TreeMap<>();
        for (Member member : table.members()) {
            nodes.put(member.id(), new NodeEntry(member, "", "", "", "", NodeStatus.NORMAL));
        }
        for (Member member : joining) {
            nodes.put(member.id(), new NodeEntry(member, "", "", "", "", NodeStatus.JOINING));
        }
        return RingEdit.of(table, nodes, table.width()).build();
    }

    /** A change to make to this state: {@link RingEdit#build} has the next epoch. */
    public RingEdit edit() {
        return new RingEdit(this);
    }

    public RingVersion version() {
        return version;
    }

    /** Replicas wanted per slot, though a ring of fewer hosts has fewer. */
    public int replicas() {
        return replicas;
    }

    public SlotTable table() {
        return table;
    }

    /** The epoch in which the owners of the slot last changed. Who asks an owner under an earlier one is told so, and nothing is done. */
    public long rowEpoch(int slot) {
        return rowEpochs[slot];
    }

    long[] rowEpochs() {
        return rowEpochs;
    }

    /** All there ever were, by number. */
    public SortedMap<NodeId, NodeEntry> nodes() {
        return nodes;
    }

    public @Nullable NodeEntry node(NodeId id) {
        return nodes.get(id);
    }

    /** Whether the node takes part: its requests are answered, and it is gossiped with. */
    public boolean isActive(NodeId id) {
        NodeEntry entry = nodes.get(id);
        return entry != null && entry.status().isActive();
    }

    /** The nodes that take part, those that join included, by number. */
    public List<NodeEntry> active() {
        List<NodeEntry> active = new ArrayList<>();
        for (NodeEntry entry : nodes.values()) {
            if (entry.status().isActive()) {
                active.add(entry);
            }
        }
        return active;
    }

    public int nextNodeNumber() {
        return nextNodeNumber;
    }

    /** What has not finished, in the order in which it is to be done. */
    public List<Move> moves() {
        return moves;
    }

    public long nextMoveId() {
        return nextMoveId;
    }

    /** The move of that slot that may run now: one at a time. */
    public @Nullable Move currentMove(int slot) {
        return firstMoves.get(slot);
    }

    /** All that are to change that slot, in their order. */
    public List<Move> movesOf(int slot) {
        return movesBySlot.getOrDefault(slot, List.of());
    }

    /** The moves that may run now, by slot. */
    public SortedMap<Integer, Move> currentMoves() {
        return Collections.unmodifiableSortedMap(firstMoves);
    }

    /** Whether that very hand-over is under way, neither finished, nor cancelled, nor begun again. */
    public boolean isUnderWay(int slot, long moveId, int attempt) {
        Move move = firstMoves.get(slot);
        return move != null && move.id() == moveId && move.attempt() == attempt;
    }

    /** Whose majority commits changes. */
    public List<NodeId> voters() {
        return voters;
    }

    /** While the voters are being changed, those to come, whose majority is needed as well; otherwise empty. */
    public List<NodeId> newVoters() {
        return newVoters;
    }

    public SortedMap<NodeId, StagedChange> staged() {
        return staged;
    }

    /** Whether an operator has stopped the hand-overs for a while. */
    public boolean paused() {
        return paused;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RingState state
                && version.equals(state.version)
                && replicas == state.replicas
                && nextNodeNumber == state.nextNodeNumber
                && nextMoveId == state.nextMoveId
                && paused == state.paused
                && table.equals(state.table)
                && Arrays.equals(rowEpochs, state.rowEpochs)
                && nodes.equals(state.nodes)
                && moves.equals(state.moves)
                && voters.equals(state.voters)
                && newVoters.equals(state.newVoters)
                && staged.equals(state.staged);
    }

    @Override
    public int hashCode() {
        return version.hashCode();
    }

    @Override
    public String toString() {
        return "ring " + version + ": " + table + ", " + moves.size() + " moves, voters " + voters;
    }
}
