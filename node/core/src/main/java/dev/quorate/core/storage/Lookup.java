package dev.quorate.core.storage;

import dev.quorate.core.version.StoredRecord;
import org.jspecify.annotations.Nullable;

/** What a replica finds under a key. */
public sealed interface Lookup {
    /** Nothing was ever stored, or it is gone. */
    record Absent() implements Lookup {
        public static final Absent INSTANCE = new Absent();
    }

    /** A record that passed its checksum. */
    record Found(StoredRecord record) implements Lookup {}

    /** Something is there that cannot be trusted: neither a value nor an absence (rules.md A7). */
    record Damaged(String why) implements Lookup {}

    /** The record; null when absent. Asking a damaged one is a defect. */
    default @Nullable StoredRecord recordOrNull() {
        if (this instanceof Found found) {
            return found.record();
        }
        if (this instanceof Damaged damaged) {
            throw new IllegalStateException("a damaged record was taken for an absence: " + damaged.why());
        }
        return null;
    }
}
