package dev.quorate.simulation;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.storage.LeafDelta;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.WriteBatch;
import java.util.EnumMap;
import java.util.TreeMap;

/** What is safe on one machine's disk: survives processes. */
final class SimDisk {
    private final EnumMap<Table, TreeMap<Bytes, Bytes>> synced = new EnumMap<>(Table.class);
    private long lsn;
    private int starts;
    private long boot;

    SimDisk() {
        for (Table table : Table.values()) {
            synced.put(table, new TreeMap<>());
        }
    }

    /** All of it as it is now, identity file and all: an image. */
    SimDisk copy() {
        SimDisk copy = new SimDisk();
        synced.forEach((table, content) -> copy.table(table).putAll(content));
        copy.lsn = lsn;
        copy.starts = starts;
        copy.boot = boot;
        return copy;
    }

    TreeMap<Bytes, Bytes> table(Table table) {
        TreeMap<Bytes, Bytes> content = synced.get(table);
        if (content == null) {
            throw new IllegalStateException("no table " + table);
        }
        return content;
    }

    void apply(WriteBatch batch, long lastLsn) {
        batch.changes().forEach(change -> change(table(change.table()), change));
        lsn = lastLsn;
    }

    static void change(TreeMap<Bytes, Bytes> table, WriteBatch.Change change) {
        Bytes value = change.value();
        if (value != null && change.table().combining()) {
            value = LeafDelta.combine(table.get(change.key()), value);
        }
        if (value == null) {
            table.remove(change.key());
        } else {
            table.put(change.key(), value);
        }
    }

    long lsn() {
        return lsn;
    }

    /** The number of this start, from 1: in the identity file. */
    int nextStart() {
        return ++starts;
    }

    /** The next start has a greater number. */
    void startedAtLeast(long number) {
        starts = (int) Math.max(starts, number);
    }

    long boot() {
        return boot;
    }

    void boot(long newBoot) {
        boot = newBoot;
    }
}
