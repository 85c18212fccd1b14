package dev.quorate.core.storage;

import dev.quorate.core.model.Bytes;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Changes of one or more tables that become visible, and durable, together. Not to be changed after {@link Storage#commit}. */
public final class WriteBatch {
    /** Longest key of a table, in bytes: what LMDB can hold. The shortest has one byte. */
    public static final int MAX_KEY_LENGTH = 511;

    /** One change; {@code value} null deletes. Of a combining table it is what is added. */
    public record Change(Table table, Bytes key, @Nullable Bytes value) {
        public Change {
            if (key.isEmpty() || key.length() > MAX_KEY_LENGTH) {
                throw new IllegalArgumentException(
                        "a key of table " + table + " has 1 to " + MAX_KEY_LENGTH + " bytes, not " + key.length());
            }
            if (table.combining() && !LeafDelta.isDelta(key, value)) {
                throw new IllegalArgumentException("no delta for table " + table + ": " + key + " to " + value);
            }
        }
    }

    private final List<Change> changes = new ArrayList<>(2);

    public static WriteBatch put(Table table, Bytes key, Bytes value) {
        return new WriteBatch().andPut(table, key, value);
    }

    public WriteBatch andPut(Table table, Bytes key, Bytes value) {
        changes.add(new Change(table, key, value));
        return this;
    }

    public WriteBatch andDelete(Table table, Bytes key) {
        changes.add(new Change(table, key, null));
        return this;
    }

    /** Adds to a leaf of the hash tree. */
    public WriteBatch andAdd(LeafDelta delta) {
        return andPut(Table.MERKLE, delta.key(), delta.value());
    }

    /** In the order they were added; a later change of the same key wins. */
    public List<Change> changes() {
        return changes;
    }
}
