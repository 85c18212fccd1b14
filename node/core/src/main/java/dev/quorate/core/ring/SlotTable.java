package dev.quorate.core.ring;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Check;
import dev.quorate.core.model.NodeId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Who owns what: for each slot, its owners in preference order, the leader first. Immutable; a change is a new table
 * with a higher epoch. Look-ups allocate nothing.
 */
public final class SlotTable {
    /** More would make the table itself a burden to keep and to send. */
    public static final int MAX_LOG2_SLOTS = 16;

    private final long epoch;
    private final int log2Slots;
    private final int width;
    private final List<Member> members;
    /** Node numbers of the members, ascending: where a member's counts stand. */
    private final int[] numbers;

    private final List<List<NodeId>> rows;
    private final int[] owned;
    private final int[] led;
    private final long digest;

    private SlotTable(long epoch, int log2Slots, List<Member> members, List<List<NodeId>> rows) {
        this.epoch = epoch;
        this.log2Slots = log2Slots;
        this.members = members;
        this.rows = rows;
        this.width = rows.get(0).size();
        this.numbers = members.stream().mapToInt(member -> member.id().number()).toArray();
        this.owned = new int[numbers.length];
        this.led = new int[numbers.length];
        for (List<NodeId> row : rows) {
            led[index(row.get(0))]++;
            for (NodeId owner : row) {
                owned[index(owner)]++;
            }
        }
        this.digest = computeDigest();
    }

    /** A table from its parts, in any order of members. Each row lists the same number of distinct members. */
    public static SlotTable of(long epoch, int log2Slots, List<Member> members, List<List<NodeId>> rows) {
        Check.argument(epoch > 0, "epoch %d is not positive", epoch);
        Check.argument(
                log2Slots >= 0 && log2Slots <= MAX_LOG2_SLOTS, "2^%d slots: at most 2^%d", log2Slots, MAX_LOG2_SLOTS);
        Check.argument(rows.size() == 1 << log2Slots, "%d rows for 2^%d slots", rows.size(), log2Slots);
        List<Member> sorted = sortedById(members);
        int width = rows.get(0).size();
        Check.argument(width > 0, "slot 0 has no owner");
        List<List<NodeId>> copies = new ArrayList<>(rows.size());
        // Looked up, never iterated.
        Map<List<NodeId>, List<NodeId>> distinct = new HashMap<>();
        for (int slot = 0; slot < rows.size(); slot++) {
            List<NodeId> row = rows.get(slot);
            Check.argument(row.size() == width, "slot %d has %d owners, slot 0 has %d", slot, row.size(), width);
            for (int position = 0; position < width; position++) {
                NodeId owner = row.get(position);
                Check.argument(find(sorted, owner) != null, "slot %d: owner %s is not a member", slot, owner);
                Check.argument(row.indexOf(owner) == position, "slot %d: %s owns it twice", slot, owner);
            }
            // Slots are many and rows few: kept once each, the rows that look-ups read stay in the processor's cache.
            List<NodeId> copy = List.copyOf(row);
            copies.add(distinct.computeIfAbsent(copy, first -> first));
        }
        return new SlotTable(epoch, log2Slots, sorted, List.copyOf(copies));
    }

    static List<Member> sortedById(List<Member> members) {
        List<Member> sorted = new ArrayList<>(members);
        sorted.sort((a, b) -> a.id().compareTo(b.id()));
        for (int i = 1; i < sorted.size(); i++) {
            NodeId id = sorted.get(i).id();
            Check.argument(!sorted.get(i - 1).id().equals(id), "%s is a member twice", id);
        }
        return List.copyOf(sorted);
    }

    public long epoch() {
        return epoch;
    }

    public int log2Slots() {
        return log2Slots;
    }

    public int slots() {
        return 1 << log2Slots;
    }

    /** Owners per slot: the replication factor, or the number of hosts where that is less. */
    public int width() {
        return width;
    }

    /** Ordered by node number. */
    public List<Member> members() {
        return members;
    }

    public boolean contains(NodeId node) {
        return index(node) >= 0;
    }

    /** The member with this id, which must exist: ask {@link #contains} first when in doubt. */
    public Member member(NodeId node) {
        int index = index(node);
        Check.argument(index >= 0, "%s is not a member in epoch %d", node, epoch);
        return members.get(index);
    }

    /** The owners in preference order. */
    public List<NodeId> owners(int slot) {
        return rows.get(slot);
    }

    public boolean owns(NodeId node, int slot) {
        List<NodeId> row = rows.get(slot);
        for (int position = 0; position < width; position++) {
            if (row.get(position).number() == node.number()) {
                return true;
            }
        }
        return false;
    }

    /** How many slots it owns; none if it is not a member. */
    public int slotsOf(NodeId node) {
        int index = index(node);
        return index < 0 ? 0 : owned[index];
    }

    /** How many slots it is the first owner of; none if it is not a member. */
    public int ledBy(NodeId node) {
        int index = index(node);
        return index < 0 ? 0 : led[index];
    }

    /**
     * Equal for equal tables on every machine and in every release: peers greet with it, so that two nodes with
     * different tables part at once instead of disagreeing about owners.
     */
    public long digest() {
        return digest;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof SlotTable table
                && epoch == table.epoch
                && log2Slots == table.log2Slots
                && members.equals(table.members)
                && rows.equals(table.rows);
    }

    @Override
    public int hashCode() {
        return Long.hashCode(digest);
    }

    @Override
    public String toString() {
        return "epoch " + epoch + ", " + slots() + " slots x " + width + " owners, " + members.size() + " members";
    }

    private int index(NodeId node) {
        return Arrays.binarySearch(numbers, node.number());
    }

    private static @Nullable Member find(List<Member> sorted, NodeId node) {
        int low = 0;
        int high = sorted.size() - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            int order = sorted.get(middle).id().compareTo(node);
            if (order == 0) {
                return sorted.get(middle);
            }
            if (order < 0) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return null;
    }

    private long computeDigest() {
        List<byte[]> labels = new ArrayList<>();
        int labelBytes = 0;
        for (Member member : members) {
            for (String label : List.of(member.datacenter(), member.rack(), member.host())) {
                byte[] bytes = label.getBytes(StandardCharsets.UTF_8);
                labels.add(bytes);
                labelBytes += Integer.BYTES + bytes.length;
            }
        }
        int fixedBytes = Long.BYTES + 3 * Integer.BYTES + members.size() * (Integer.BYTES + Double.BYTES);
        ByteBuffer encoded = ByteBuffer.allocate(fixedBytes + labelBytes + slots() * width * Integer.BYTES);
        encoded.putLong(epoch).putInt(log2Slots).putInt(width).putInt(members.size());
        for (Member member : members) {
            encoded.putInt(member.id().number()).putDouble(member.weight());
        }
        for (byte[] label : labels) {
            encoded.putInt(label.length).put(label);
        }
        for (List<NodeId> row : rows) {
            for (NodeId owner : row) {
                encoded.putInt(owner.number());
            }
        }
        return new SipHash(Bytes.owning(new byte[SipHash.KEY_LENGTH]))
                .hash(encoded.array())
                .high();
    }
}
