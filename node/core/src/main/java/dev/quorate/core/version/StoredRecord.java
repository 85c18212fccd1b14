package dev.quorate.core.version;

import dev.quorate.core.model.Key;
import org.jspecify.annotations.Nullable;

/**
 * What a node stores under a key's hash. The key is in it because two keys may share a hash, which must be an error and never a
 * wrong answer.
 *
 * @param own null if this node has written nothing to the record since it got hold of it
 */
public record StoredRecord(
        Key key, VersionedObject object, @Nullable OwnInterval own) {}
