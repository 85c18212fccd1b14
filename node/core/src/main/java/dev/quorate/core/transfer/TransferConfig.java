package dev.quorate.core.transfer;

import dev.quorate.core.model.Check;
import java.time.Duration;

/**
 * Settings of hand-overs.
 *
 * @param outgoing slots that this node hands over at a time
 * @param incoming slots that it takes over at a time
 * @param forwardTimeout for the receiver to take a change; then the hand-over begins again and clients wait for it no longer
 * @param callTimeout of other messages to the receiver
 * @param retry between two attempts at what did not work
 * @param giveUpAfter with a receiver that says nothing just before it takes over: then the move is begun again
 * @param purgeDelay for which what was handed over stays here, after all nodes that live know the new owner
 * @param purgePage records that are cleared away at a time
 * @param purgePause between two times
 * @param keysPerSecond compared, over all hand-overs from this node
 * @param bytesPerSecond of records sent by them
 */
public record TransferConfig(
        int outgoing,
        int incoming,
        Duration forwardTimeout,
        Duration callTimeout,
        Duration retry,
        Duration giveUpAfter,
        Duration purgeDelay,
        int purgePage,
        Duration purgePause,
        int keysPerSecond,
        long bytesPerSecond) {
    public static final TransferConfig DEFAULTS = new TransferConfig(
            2,
            2,
            Duration.ofMillis(200),
            Duration.ofSeconds(2),
            Duration.ofSeconds(1),
            Duration.ofSeconds(5),
            Duration.ofSeconds(30),
            256,
            Duration.ofMillis(5),
            100_000,
            50L << 20);

    public TransferConfig {
        Check.argument(outgoing > 0 && incoming > 0, "%s slots out, %s slots in at a time", outgoing, incoming);
        Check.argument(purgePage > 0, "%s records cleared away at a time", purgePage);
        Check.argument(
                keysPerSecond > 0 && bytesPerSecond > 0, "%s keys, %s bytes a second", keysPerSecond, bytesPerSecond);
    }
}
