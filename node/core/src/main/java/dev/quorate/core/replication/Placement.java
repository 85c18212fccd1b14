package dev.quorate.core.replication;

import dev.quorate.core.model.KeyHash;
import dev.quorate.core.model.NodeId;
import java.util.List;

/** Where a key lives. {@code owners} in preference order; {@code fallbacks} would stand in for them, in order. */
public record Placement(KeyHash hash, int slot, List<NodeId> owners, List<NodeId> fallbacks) {}
