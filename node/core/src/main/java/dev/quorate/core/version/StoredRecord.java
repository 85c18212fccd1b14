package dev.quorate.core.version;

import dev.quorate.core.model.Check;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.model.NodeId;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a node stores under a key's hash. The key is in it because two keys may share a hash, which must be an error and never a
 * wrong answer.
 *
 * @param own null if this node has written nothing to the record since it got hold of it
 * @param hints owners that this node still has to hand the object to, ascending; like {@code own} nobody else's business, and never sent
 */
public record StoredRecord(
        Key key, VersionedObject object, @Nullable OwnInterval own, List<Hint> hints) {
    /** No row is longer. */
    static final int MAX_HINTS = 16;

    public StoredRecord {
        for (int i = 1; i < hints.size(); i++) {
            Check.argument(
                    hints.get(i - 1).owner().compareTo(hints.get(i).owner()) < 0, "hints out of order: %s", hints);
        }
    }

    /** A record that is kept for nobody else. */
    public StoredRecord(Key key, VersionedObject object, @Nullable OwnInterval own) {
        this(key, object, own, List.of());
    }

    /** The hint for an owner; null if there is none. */
    public @Nullable Hint hintFor(NodeId owner) {
        for (Hint hint : hints) {
            if (hint.owner().equals(owner)) {
                return hint;
            }
        }
        return null;
    }

    /** The record itself when it has a hint for that owner already: the hint always means the newest object. */
    public StoredRecord withHint(NodeId owner, long since) {
        if (hintFor(owner) != null) {
            return this;
        }
        List<Hint> more = new ArrayList<>(hints);
        more.add(new Hint(owner, since));
        more.sort((a, b) -> a.owner().compareTo(b.owner()));
        return new StoredRecord(key, object, own, List.copyOf(more));
    }

    public StoredRecord withoutHint(NodeId owner) {
        return new StoredRecord(
                key,
                object,
                own,
                hints.stream().filter(hint -> !hint.owner().equals(owner)).toList());
    }

    /** What a hint counts towards its bounds: about what the record takes on disk. */
    public int size() {
        return KeyHash.LENGTH + key.bytes().length() + object.encodedLength();
    }
}
