/** Coordination of reads and writes over the replicas of a key. */
@NullMarked
package dev.quorate.core.replication;

import org.jspecify.annotations.NullMarked;
