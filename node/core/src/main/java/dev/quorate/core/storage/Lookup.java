package dev.quorate.core.storage;

import dev.quorate.core.version.StoredRecord;

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
}
