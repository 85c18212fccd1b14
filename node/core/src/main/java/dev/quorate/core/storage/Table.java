package dev.quorate.core.storage;

/** The sorted tables of a node's storage. Ids go to disk and are never reused. */
public enum Table {
    /** Key hash (16 bytes) to record: what the replica holds. */
    DATA(1),
    /** Small facts of the node itself: checkpoint, format version. */
    META(2),
    /**
     * Leaf of the hash tree (u32) to XOR of the digests of its records (u64) and their number (u32). Combining: see
     * {@link #combining}.
     */
    MERKLE(3),
    /** Owner (4 bytes) and key hash to a hint's age and size: {@link HintTable}. */
    HINTS(4);

    private final int id;

    Table(int id) {
        this.id = id;
    }

    public int id() {
        return id;
    }

    /**
     * Whether a change adds to what is there ({@link LeafDelta#combine}) instead of replacing it. Such a change is no idempotent one: storage
     * applies it exactly once, whatever crashes happen between log and flush. It knows no deletion; a sum of nothing is absent.
     */
    public boolean combining() {
        return this == MERKLE;
    }

    /** Null when no table has that id. */
    public static @org.jspecify.annotations.Nullable Table ofId(int id) {
        for (Table table : values()) {
            if (table.id == id) {
                return table;
            }
        }
        return null;
    }
}
