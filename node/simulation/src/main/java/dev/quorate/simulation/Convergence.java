package dev.quorate.simulation;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.version.RecordCodec;
import dev.quorate.core.version.Sibling;
import dev.quorate.core.version.StoredRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Compares what the replicas of a cluster hold, once it is healed and at rest.
 *
 * <p>I7: all members of a row hold equal siblings, nobody else holds anything, and nobody keeps anything for another.
 */
final class Convergence {
    private final Map<Integer, Map<Bytes, Bytes>> contents;
    private final Function<Key, List<NodeId>> owners;
    private final RecordCodec codec = new RecordCodec();

    /**
     * @param contents the records of each node, by its number
     * @param owners the row of a key
     */
    Convergence(Map<Integer, Map<Bytes, Bytes>> contents, Function<Key, List<NodeId>> owners) {
        this.contents = contents;
        this.owners = owners;
    }

    /** What is not equal: one violation a key at most. */
    List<Violation> differences() {
        Map<Bytes, Map<Integer, StoredRecord>> held = new TreeMap<>();
        contents.forEach((node, records) -> records.forEach((at, bytes) ->
                held.computeIfAbsent(at, absent -> new TreeMap<>()).put(node, codec.decode(bytes))));
        List<Violation> differences = new ArrayList<>();
        held.values().forEach(copies -> {
            Violation difference = difference(copies);
            if (difference != null) {
                differences.add(difference);
            }
        });
        return differences;
    }

    private @Nullable Violation difference(Map<Integer, StoredRecord> copies) {
        Key key = copies.values().iterator().next().key();
        List<NodeId> row = owners.apply(key);
        String name = key.bytes().utf8();
        for (int machine : copies.keySet()) {
            StoredRecord record = copies.get(machine);
            if (record != null && !record.hints().isEmpty()) {
                return new Violation("I7", name, "n" + machine + " still keeps it for " + record.hints());
            }
            if (!row.contains(new NodeId(machine))) {
                return new Violation("I7", name, "n" + machine + " keeps a record of a row that it is no member of");
            }
        }
        @Nullable List<Sibling> first = null;
        for (NodeId owner : row) {
            StoredRecord record = copies.get(owner.number());
            List<Sibling> siblings =
                    record == null ? List.of() : record.object().siblings();
            if (first == null) {
                first = siblings;
            } else if (!first.equals(siblings)) {
                return new Violation(
                        "I7", name, row.get(0) + " holds " + first + " and " + owner + " holds " + siblings);
            }
        }
        return null;
    }
}
