package dev.quorate.core.ring;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Check;
import dev.quorate.core.model.NodeId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The ring as bytes, for disks and messages: about a byte per owner in a ring of up to 127 nodes, two in larger ones, since owners are written
 * by their place in the list of nodes, and row epochs by runs. One state has one encoding. Decoders throw {@link IllegalArgumentException} for
 * what no node of this version writes.
 */
public final class RingCodec {
    private static final int FORMAT = 1;
    private static final int MAX_NODES = 1 << 20;
    private static final int MAX_MOVES = 1 << 22;
    private static final int MAX_VOTERS = 64;
    private static final int MAX_WIDTH = 64;
    private static final int MAX_TEXT = 1024;
    private static final int PAUSED = 1;
    private static final long MAX_EPOCH = (1L << 48) - 1;
    private static final int MAX_GENERATION = (1 << 15) - 1;

    private static final NodeStatus[] STATUSES = NodeStatus.values();
    private static final int MOVE = 0;
    private static final int RECOVER = 1;
    private static final int RECOVER_UNSAFE = 2;

    private static final int JOIN = 1;
    private static final int LEAVE = 2;
    private static final int REPLACE = 3;
    private static final int REPLACE_UNSAFE = 4;
    private static final int WEIGHT = 5;
    private static final int RELABEL = 6;

    private RingCodec() {}

    public static Bytes encode(RingState state) {
        SlotTable table = state.table();
        ByteWriter out = new ByteWriter(256
                + state.nodes().size() * 96
                + table.slots() * table.width()
                + state.moves().size() * 12);
        out.varint(FORMAT);
        version(out, state.version());
        header(out, state);
        Labels labels = new Labels();
        out.varint(state.nodes().size());
        int before = 0;
        SortedMap<NodeId, Integer> places = new TreeMap<>();
        for (NodeEntry entry : state.nodes().values()) {
            out.varint(entry.id().number() - before);
            before = entry.id().number();
            places.put(entry.id(), places.size());
            node(out, labels, entry);
        }
        out.varint(table.log2Slots());
        out.varint(table.width());
        for (int slot = 0; slot < table.slots(); slot++) {
            for (NodeId owner : table.owners(slot)) {
                out.varint(known(places, owner));
            }
        }
        runs(out, state.rowEpochs());
        out.varint(state.moves().size());
        for (Move move : state.moves()) {
            move(out, move);
        }
        return out.bytes();
    }

    public static RingState decode(Bytes bytes) {
        ByteReader in = new ByteReader(bytes);
        in.between(FORMAT, FORMAT, "format");
        RingVersion version = version(in);
        Header header = header(in);
        Labels labels = new Labels();
        int nodeCount = in.count(MAX_NODES, "nodes");
        SortedMap<NodeId, NodeEntry> nodes = new TreeMap<>();
        NodeId[] places = new NodeId[nodeCount];
        int before = 0;
        for (int i = 0; i < nodeCount; i++) {
            places[i] = nodeAfter(in, before);
            before = places[i].number();
            nodes.put(places[i], node(in, labels, places[i]));
        }
        int log2Slots = in.intBetween(0, SlotTable.MAX_LOG2_SLOTS, "log2 of slots");
        int width = in.intBetween(1, MAX_WIDTH, "row width");
        int slots = 1 << log2Slots;
        if ((long) slots * width > in.left()) {
            throw in.malformed(slots + " rows of " + width + " in " + in.left() + " bytes");
        }
        List<List<NodeId>> rows = new ArrayList<>(slots);
        for (int slot = 0; slot < slots; slot++) {
            NodeId[] row = new NodeId[width];
            for (int position = 0; position < width; position++) {
                row[position] = places[in.intBetween(0, nodeCount - 1, "place of an owner")];
            }
            rows.add(Arrays.asList(row));
        }
        RingEdit edit = new RingEdit(version, header.replicas, log2Slots, rows, runs(in, slots), nodes);
        header.putInto(edit);
        int moveCount = in.count(MAX_MOVES, "moves");
        for (int i = 0; i < moveCount; i++) {
            edit.moves.add(move(in));
        }
        in.end();
        return built(edit);
    }

    /** What leads from one state to a later one; null where only the whole later one will do, because every row is another. */
    public static @Nullable RingDelta between(RingState base, RingState later) {
        SlotTable before = base.table();
        SlotTable now = later.table();
        if (before.log2Slots() != now.log2Slots() || before.width() != now.width()) {
            return null;
        }
        ByteWriter out = new ByteWriter(256);
        out.varint(FORMAT);
        header(out, later);
        List<NodeEntry> entries = new ArrayList<>();
        for (NodeEntry entry : later.nodes().values()) {
            if (!entry.equals(base.node(entry.id()))) {
                entries.add(entry);
            }
        }
        out.varint(entries.size());
        Labels labels = new Labels();
        int numberBefore = 0;
        for (NodeEntry entry : entries) {
            out.varint(entry.id().number() - numberBefore);
            numberBefore = entry.id().number();
            node(out, labels, entry);
        }
        List<Integer> slots = new ArrayList<>();
        for (int slot = 0; slot < now.slots(); slot++) {
            if (base.rowEpoch(slot) != later.rowEpoch(slot)
                    || !before.owners(slot).equals(now.owners(slot))) {
                slots.add(slot);
            }
        }
        out.varint(slots.size());
        int next = 0;
        for (int slot : slots) {
            out.varint(slot - next);
            next = slot + 1;
            out.varint(later.rowEpoch(slot));
            now.owners(slot).forEach(owner -> out.varint(owner.number()));
        }
        moves(out, base.moves(), later.moves());
        return new RingDelta(base.version(), later.version(), out.bytes());
    }

    /** The later state. The base must be the very one that the delta was made from. */
    public static RingState apply(RingState base, RingDelta delta) {
        Check.argument(
                base.version().equals(delta.base()), "changes of ring %s for ring %s", delta.base(), base.version());
        ByteReader in = new ByteReader(delta.changes());
        in.between(FORMAT, FORMAT, "format");
        Header header = header(in);
        RingEdit edit = base.edit();
        edit.version = delta.version();
        Labels labels = new Labels();
        int nodeCount = in.count(MAX_NODES, "nodes");
        int before = 0;
        for (int i = 0; i < nodeCount; i++) {
            NodeId id = nodeAfter(in, before);
            before = id.number();
            edit.nodes.put(id, node(in, labels, id));
        }
        int slots = base.table().slots();
        int width = base.table().width();
        int rowCount = in.count(slots, "rows");
        int next = 0;
        for (int i = 0; i < rowCount; i++) {
            int slot = next + in.intBetween(0, slots - 1 - next, "slots between");
            next = slot + 1;
            edit.rowEpochs[slot] = in.between(1, MAX_EPOCH, "row epoch");
            NodeId[] row = new NodeId[width];
            for (int position = 0; position < width; position++) {
                row[position] = node(in);
            }
            edit.rows.set(slot, Arrays.asList(row));
        }
        List<Move> moves = moves(in, base.moves());
        in.end();
        edit.moves.clear();
        edit.moves.addAll(moves);
        header.putInto(edit);
        return built(edit);
    }

    /** What is small, and written whole each time. */
    private record Header(
            int replicas,
            int nextNodeNumber,
            long nextMoveId,
            boolean paused,
            List<NodeId> voters,
            List<NodeId> newVoters,
            SortedMap<NodeId, StagedChange> staged) {
        void putInto(RingEdit edit) {
            edit.replicas = replicas;
            edit.nextNodeNumber = nextNodeNumber;
            edit.nextMoveId = nextMoveId;
            edit.paused = paused;
            edit.voters = voters;
            edit.newVoters = newVoters;
            edit.staged.clear();
            edit.staged.putAll(staged);
        }
    }

    /** Labels repeat from node to node: each is written once, and then named by its number. */
    private static final class Labels {
        private final SortedMap<String, Integer> numbers = new TreeMap<>();
        private final List<String> texts = new ArrayList<>();

        void write(ByteWriter out, String label) {
            @Nullable Integer number = numbers.get(label);
            out.varint(number == null ? 0 : number);
            if (number == null) {
                out.text(label);
                add(label);
            }
        }

        String read(ByteReader in) {
            int number = in.intBetween(0, texts.size(), "label");
            if (number > 0) {
                return texts.get(number - 1);
            }
            String label = in.text(MAX_TEXT, "label");
            if (numbers.containsKey(label)) {
                throw in.malformed("label '" + label + "' is written twice");
            }
            add(label);
            return label;
        }

        private void add(String label) {
            texts.add(label);
            numbers.put(label, texts.size());
        }
    }

    private static void version(ByteWriter out, RingVersion version) {
        out.varint(version.generation());
        out.varint(version.epoch());
    }

    private static RingVersion version(ByteReader in) {
        int generation = in.intBetween(0, MAX_GENERATION, "generation");
        return new RingVersion(generation, in.between(1, MAX_EPOCH, "epoch"));
    }

    private static void header(ByteWriter out, RingState state) {
        out.varint(state.replicas());
        out.varint(state.nextNodeNumber());
        out.varint(state.nextMoveId());
        out.varint(state.paused() ? PAUSED : 0);
        numbers(out, state.voters());
        numbers(out, state.newVoters());
        out.varint(state.staged().size());
        int before = 0;
        for (Map.Entry<NodeId, StagedChange> staged : state.staged().entrySet()) {
            out.varint(staged.getKey().number() - before);
            before = staged.getKey().number();
            staged(out, staged.getValue());
        }
    }

    private static Header header(ByteReader in) {
        int replicas = in.intBetween(1, MAX_WIDTH, "replicas");
        int nextNodeNumber = in.intBetween(1, Integer.MAX_VALUE, "next node number");
        long nextMoveId = in.between(1, Long.MAX_VALUE, "next move id");
        boolean paused = in.between(0, PAUSED, "flags") == PAUSED;
        List<NodeId> voters = numbers(in);
        List<NodeId> newVoters = numbers(in);
        SortedMap<NodeId, StagedChange> staged = new TreeMap<>();
        int count = in.count(MAX_NODES, "staged changes");
        int before = 0;
        for (int i = 0; i < count; i++) {
            NodeId node = nodeAfter(in, before);
            before = node.number();
            staged.put(node, staged(in));
        }
        return new Header(replicas, nextNodeNumber, nextMoveId, paused, voters, newVoters, staged);
    }

    private static void numbers(ByteWriter out, List<NodeId> nodes) {
        out.varint(nodes.size());
        nodes.forEach(node -> out.varint(node.number()));
    }

    private static List<NodeId> numbers(ByteReader in) {
        int count = in.count(MAX_VOTERS, "voters");
        List<NodeId> nodes = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            nodes.add(node(in));
        }
        return nodes;
    }

    private static void staged(ByteWriter out, StagedChange change) {
        if (change instanceof StagedChange.Join) {
            out.varint(JOIN);
        } else if (change instanceof StagedChange.Leave) {
            out.varint(LEAVE);
        } else if (change instanceof StagedChange.Replace replace) {
            out.varint(replace.unsafe() ? REPLACE_UNSAFE : REPLACE);
            NodeId by = replace.by();
            out.varint(by == null ? 0 : by.number());
        } else if (change instanceof StagedChange.Weight weight) {
            out.varint(WEIGHT);
            out.fixed64(Double.doubleToLongBits(weight.weight()));
        } else if (change instanceof StagedChange.Relabel labels) {
            out.varint(RELABEL);
            out.text(labels.datacenter());
            out.text(labels.rack());
            out.text(labels.host());
        } else {
            throw new IllegalStateException("no encoding for " + change.getClass());
        }
    }

    private static StagedChange staged(ByteReader in) {
        int kind = in.intBetween(JOIN, RELABEL, "kind of change");
        return switch (kind) {
            case JOIN -> new StagedChange.Join();
            case LEAVE -> new StagedChange.Leave();
            case REPLACE, REPLACE_UNSAFE -> {
                int by = in.intBetween(0, Integer.MAX_VALUE, "node");
                yield new StagedChange.Replace(by == 0 ? null : new NodeId(by), kind == REPLACE_UNSAFE);
            }
            case WEIGHT -> new StagedChange.Weight(weight(in));
            default ->
                new StagedChange.Relabel(
                        in.text(MAX_TEXT, "label"), in.text(MAX_TEXT, "label"), in.text(MAX_TEXT, "label"));
        };
    }

    private static void node(ByteWriter out, Labels labels, NodeEntry entry) {
        out.varint(entry.status().ordinal());
        out.fixed64(Double.doubleToLongBits(entry.placement().weight()));
        labels.write(out, entry.placement().datacenter());
        labels.write(out, entry.placement().rack());
        labels.write(out, entry.placement().host());
        out.text(entry.uuid());
        out.text(entry.clientAddress());
        out.text(entry.peerAddress());
        out.text(entry.adminAddress());
    }

    private static NodeEntry node(ByteReader in, Labels labels, NodeId id) {
        NodeStatus status = STATUSES[in.intBetween(0, STATUSES.length - 1, "status")];
        Member placement = new Member(id, weight(in), labels.read(in), labels.read(in), labels.read(in));
        return new NodeEntry(
                placement,
                in.text(MAX_TEXT, "uuid"),
                in.text(MAX_TEXT, "address"),
                in.text(MAX_TEXT, "address"),
                in.text(MAX_TEXT, "address"),
                status);
    }

    private static double weight(ByteReader in) {
        double weight = Double.longBitsToDouble(in.fixed64());
        if (!Double.isFinite(weight) || weight <= 0) {
            throw in.malformed("weight " + weight);
        }
        return weight;
    }

    private static void move(ByteWriter out, Move move) {
        out.varint(move.id());
        out.varint(move.attempt());
        out.varint(move.kind() == Move.Kind.MOVE ? MOVE : move.unsafe() ? RECOVER_UNSAFE : RECOVER);
        out.varint(move.slot());
        out.varint(move.position());
        out.varint(move.from().number());
        out.varint(move.to().number());
        out.varint(move.sinceEpoch());
    }

    private static Move move(ByteReader in) {
        long id = in.between(1, Long.MAX_VALUE, "move");
        int attempt = in.intBetween(0, Integer.MAX_VALUE, "attempt");
        int kind = in.intBetween(MOVE, RECOVER_UNSAFE, "kind of move");
        return new Move(
                id,
                attempt,
                kind == MOVE ? Move.Kind.MOVE : Move.Kind.RECOVER,
                in.intBetween(0, (1 << SlotTable.MAX_LOG2_SLOTS) - 1, "slot"),
                in.intBetween(0, MAX_WIDTH - 1, "position"),
                node(in),
                node(in),
                in.between(1, MAX_EPOCH, "epoch of a move"),
                kind == RECOVER_UNSAFE);
    }

    /** Stretches of moves that stay, named by where they begin, and between them those that are new or begun again. */
    private static void moves(ByteWriter out, List<Move> before, List<Move> now) {
        SortedMap<Long, Integer> places = new TreeMap<>();
        for (int i = 0; i < before.size(); i++) {
            places.put(before.get(i).id(), i);
        }
        List<int[]> stretches = new ArrayList<>();
        for (int i = 0; i < now.size(); i++) {
            @Nullable Integer place = places.get(now.get(i).id());
            int from = place != null && before.get(place).equals(now.get(i)) ? place : -1;
            int[] last = stretches.isEmpty() ? null : stretches.get(stretches.size() - 1);
            boolean goesOn = last != null && (from < 0 ? last[0] < 0 : last[0] >= 0 && last[0] + last[1] == from);
            if (last != null && goesOn) {
                last[1]++;
            } else {
                stretches.add(new int[] {from, 1});
            }
        }
        out.varint(stretches.size());
        int next = 0;
        for (int[] stretch : stretches) {
            out.varint(stretch[0] + 1);
            out.varint(stretch[1]);
            if (stretch[0] < 0) {
                now.subList(next, next + stretch[1]).forEach(move -> move(out, move));
            }
            next += stretch[1];
        }
    }

    private static List<Move> moves(ByteReader in, List<Move> before) {
        int stretches = in.count(MAX_MOVES, "stretches of moves");
        List<Move> moves = new ArrayList<>();
        for (int i = 0; i < stretches; i++) {
            int from = in.intBetween(0, before.size(), "place of a move") - 1;
            if (from < 0) {
                int count = in.count(MAX_MOVES, "moves");
                for (int k = 0; k < count; k++) {
                    moves.add(move(in));
                }
            } else {
                int count = in.intBetween(1, before.size() - from, "moves that stay");
                moves.addAll(before.subList(from, from + count));
            }
        }
        return moves;
    }

    /** Most rows were last changed together with their neighbours. */
    private static void runs(ByteWriter out, long[] rowEpochs) {
        for (int slot = 0; slot < rowEpochs.length; ) {
            int end = slot + 1;
            while (end < rowEpochs.length && rowEpochs[end] == rowEpochs[slot]) {
                end++;
            }
            out.varint(end - slot);
            out.varint(rowEpochs[slot]);
            slot = end;
        }
    }

    private static long[] runs(ByteReader in, int slots) {
        long[] rowEpochs = new long[slots];
        for (int slot = 0; slot < slots; ) {
            int end = slot + in.intBetween(1, slots - slot, "rows of one epoch");
            long epoch = in.between(1, MAX_EPOCH, "row epoch");
            if (slot > 0 && rowEpochs[slot - 1] == epoch) {
                throw in.malformed("one run of row epochs is written as two");
            }
            Arrays.fill(rowEpochs, slot, end, epoch);
            slot = end;
        }
        return rowEpochs;
    }

    private static NodeId node(ByteReader in) {
        return new NodeId(in.intBetween(1, Integer.MAX_VALUE, "node"));
    }

    private static NodeId nodeAfter(ByteReader in, int before) {
        return new NodeId(before + in.intBetween(1, Integer.MAX_VALUE - before, "nodes between"));
    }

    private static int known(SortedMap<NodeId, Integer> places, NodeId owner) {
        @Nullable Integer place = places.get(owner);
        Check.state(place != null, "owner %s is no node of the ring", owner);
        return place == null ? -1 : place;
    }

    private static RingState built(RingEdit edit) {
        for (Move move : edit.moves) {
            Check.argument(
                    edit.nodes.containsKey(move.from())
                            && edit.nodes.containsKey(move.to())
                            && move.position() < edit.rows.get(0).size(),
                    "%s is between nodes or places that there are not",
                    move);
        }
        for (NodeId node : edit.staged.keySet()) {
            Check.argument(edit.nodes.containsKey(node), "a change of %s, which is not in the ring", node);
        }
        return edit.build();
    }
}
