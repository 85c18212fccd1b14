package dev.quorate.sdk.routing;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The slot table as one node told it: who the members are and which of them own a slot, in preference order. Immutable; a newer epoch
 * replaces it whole.
 *
 * @param owners {@code rowWidth} positions in {@code members} per slot, rows one after the other
 */
@SuppressWarnings("ArrayRecordComponent") // 64 Ki rows of boxed lists would be megabytes; nobody compares rings
public record Ring(
        String clusterId,
        long epoch,
        int log2Slots,
        KeySlots keySlots,
        List<Member> members,
        int[] owners,
        int rowWidth,
        Map<String, Bucket> buckets) {
    public Ring {
        if (log2Slots < 0 || log2Slots > 24) {
            throw new IllegalArgumentException("log2_slots is " + log2Slots + ", not 0 to 24");
        }
        if (owners.length != rowWidth << log2Slots) {
            throw new IllegalArgumentException(
                    "%d owners are not %d for each of %d slots".formatted(owners.length, rowWidth, 1 << log2Slots));
        }
        for (Bucket bucket : buckets.values()) {
            if (bucket.owners() < 1 || bucket.owners() > rowWidth) {
                throw new IllegalArgumentException(
                        "a bucket has %d owners per key of %d".formatted(bucket.owners(), rowWidth));
            }
        }
        for (int owner : owners) {
            if (owner < 0 || owner >= members.size()) {
                throw new IllegalArgumentException("an owner is member %d of %d".formatted(owner, members.size()));
            }
        }
    }

    /** One node of the ring. */
    public record Member(String id, String clientAddress) {}

    /**
     * What the ring knows of a bucket.
     *
     * @param owners how many of a row, from its first on, own a key of this bucket
     */
    public record Bucket(int id, int owners) {}

    /** Null when the ring has no such bucket: any node will then say so. */
    public @Nullable Bucket bucket(String name) {
        return buckets.get(name);
    }

    /** The member at a place of the row of a position. */
    public int owner(long position, int place) {
        return owners[KeySlots.slot(position, log2Slots) * rowWidth + place];
    }
}
