package dev.quorate.core.handoff;

import dev.quorate.core.model.NodeId;

/**
 * What waits on this node for one owner.
 *
 * @param sinceMillis Unix time of the oldest hint, or of one before it that is delivered by now
 * @param state in words for people
 */
public record HintStatus(NodeId owner, long keys, long bytes, long sinceMillis, boolean reachable, String state) {}
