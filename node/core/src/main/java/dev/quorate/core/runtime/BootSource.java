package dev.quorate.core.runtime;

import java.util.concurrent.CompletionStage;

/**
 * Boot numbers: {@code startNo << 32 | 32 random bits}, never used twice by any process on any copy of the identity (rules.md A2).
 * Called on the event loop; stages complete on it.
 */
public interface BootSource {
    /** Drawn and synced to disk before this process minted its first dot. */
    long current();

    /**
     * Draws another one, which becomes {@link #current} when the stage completes: synced before it is used.
     *
     * @param startNo its start number is greater than this, and than the one before
     */
    CompletionStage<Long> renewAbove(long startNo);
}
