package dev.quorate.core.replication;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.version.VersionedObject;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What one owner holds for a key.
 *
 * @param error why it did not say
 * @param behind whether another owner that answered holds something this one lacks
 */
public record Inspection(
        NodeId node, Optional<String> error, @Nullable VersionedObject object, boolean behind) {}
