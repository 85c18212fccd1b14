package dev.quorate.core.storage;

/** The sorted tables of a node's storage. Ids go to disk and are never reused. */
public enum Table {
    /** Key hash (16 bytes) to record: what the replica holds. */
    DATA(1),
    /** Small facts of the node itself: checkpoint, format version. */
    META(2),
    /** Owner (4 bytes) and key hash to a hint's age and size: {@link HintTable}. */
    HINTS(4);

    private final int id;

    Table(int id) {
        this.id = id;
    }

    public int id() {
        return id;
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
