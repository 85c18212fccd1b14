package dev.quorate.core.peer;

import dev.quorate.core.model.NodeId;
import java.util.List;

/**
 * What was achieved when the answer was sent.
 *
 * @param acknowledged the nodes that answered the read, or that hold the write durably, in the order they did
 * @param required R or W
 */
public record Report(NodeId coordinator, List<NodeId> acknowledged, int required) {}
