package dev.quorate.core.replication;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.peer.Report;
import dev.quorate.core.version.Sibling;
import java.util.List;

/**
 * What a client is told when its operation reached its quorum.
 *
 * @param siblings values, deletions left out; for a write only when asked for
 * @param contextToken sealed for this key; empty when the key was never written
 */
public record ClientAnswer(List<Sibling> siblings, Bytes contextToken, Report report) {}
