package dev.quorate.core.peer;

import dev.quorate.core.model.NodeId;

/**
 * Part of what a member says of itself: that it got no answer from another, neither directly nor through others.
 *
 * @param heartbeat the last that was known of the accused; any later one refutes this
 */
public record Accusation(NodeId accused, long heartbeat) {}
