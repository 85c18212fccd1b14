package dev.quorate.core.replication;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.version.VersionedObject;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What one node holds for a key.
 *
 * @param owner whether it owns the key; others are listed only if they hold something
 * @param error why it did not say
 * @param behind whether another node that answered holds something that this owner lacks
 * @param hintedFor owners that it keeps the object for
 */
public record Inspection(
        NodeId node,
        boolean owner,
        Optional<String> error,
        @Nullable VersionedObject object,
        boolean behind,
        List<NodeId> hintedFor) {}
