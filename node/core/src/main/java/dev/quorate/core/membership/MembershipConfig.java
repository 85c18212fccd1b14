package dev.quorate.core.membership;

import dev.quorate.core.model.Check;
import java.time.Duration;

/**
 * How eagerly members watch each other.
 *
 * @param interval between two rounds of gossip, give or take a tenth
 * @param fanout members told in a round
 * @param suspectAfter a member whose heartbeat has not grown for this long is probed; longer while this node itself does badly
 * @param pingTimeout for a direct probe
 * @param relayTimeout for a probe through others
 * @param relays how many others
 * @param accusationLife an accusation ends this long after the last heartbeat of whoever made it
 */
public record MembershipConfig(
        Duration interval,
        int fanout,
        Duration suspectAfter,
        Duration pingTimeout,
        Duration relayTimeout,
        int relays,
        Duration accusationLife) {
    public static final MembershipConfig DEFAULTS = new MembershipConfig(
            Duration.ofSeconds(1),
            2,
            Duration.ofSeconds(8),
            Duration.ofMillis(500),
            Duration.ofSeconds(1),
            3,
            Duration.ofSeconds(30));

    public MembershipConfig {
        Check.argument(!interval.isNegative() && !interval.isZero(), "an interval of %s", interval);
        Check.argument(fanout > 0, "fanout %d", fanout);
        Check.argument(relays >= 0, "%d relays", relays);
        Check.argument(
                suspectAfter.compareTo(interval.multipliedBy(2)) >= 0,
                "members are suspected after %s, and heartbeats grow once in %s",
                suspectAfter,
                interval);
        Check.argument(relayTimeout.compareTo(pingTimeout) > 0, "a relay pings, and has %s for it", relayTimeout);
        Check.argument(accusationLife.compareTo(suspectAfter) > 0, "accusations live %s only", accusationLife);
    }
}
