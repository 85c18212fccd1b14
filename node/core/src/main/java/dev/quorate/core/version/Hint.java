package dev.quorate.core.version;

import dev.quorate.core.model.NodeId;

/**
 * A promise that goes with a record: its node hands it to that owner, who was not to be had when it was written.
 *
 * @param since hybrid time of the first write for which the owner was missing
 */
public record Hint(NodeId owner, long since) {}
