package dev.quorate.core.peer;

import dev.quorate.core.model.Check;
import java.util.Comparator;
import java.util.List;

/**
 * What a member says of itself besides that it lives. Only the member itself makes these; the others pass them on.
 *
 * @param since the heartbeat with which it began to say this: who knows a later one of the member knows this or something newer
 * @param boot its boot number; 0 before it is heard of
 * @param ring version of the ring it uses and has on its disk, as {@code RingVersion.packed}
 * @param load 0 to 100: how full its queues are, roughly
 * @param accusations at most {@link #MAX_ACCUSATIONS}, ordered by the accused
 */
public record Announcement(long since, long boot, Status status, long ring, int load, List<Accusation> accusations) {
    /** More would let one node's broken network fill everybody's gossip. */
    public static final int MAX_ACCUSATIONS = 32;

    /** What a member wants others to do. */
    public enum Status {
        UP,
        /** It is about to stop: ask others, accuse nobody. */
        SHUTDOWN
    }

    /** Of a member never heard of. */
    public static final Announcement NONE = new Announcement(Heartbeat.NEVER, 0, Status.UP, 0, 0, List.of());

    /** One of two is the later, whichever is asked first: also when two lives made them under one heartbeat. */
    public boolean isLaterThan(Announcement other) {
        return ORDER.compare(this, other) > 0;
    }

    private static final Comparator<Announcement> ORDER = Comparator.comparingLong(Announcement::since)
            .thenComparingLong(Announcement::boot)
            .thenComparing(Announcement::status)
            .thenComparingLong(Announcement::ring)
            .thenComparingInt(Announcement::load)
            .thenComparing(announcement -> announcement.accusations().toString());

    public Announcement {
        accusations = List.copyOf(accusations);
        Check.argument(accusations.size() <= MAX_ACCUSATIONS, "%d accusations", accusations.size());
        Check.argument(load >= 0 && load <= 100, "load %d", load);
        for (int i = 1; i < accusations.size(); i++) {
            boolean ascending = accusations
                            .get(i - 1)
                            .accused()
                            .compareTo(accusations.get(i).accused())
                    < 0;
            Check.argument(ascending, "accusations out of order: %s", accusations);
        }
    }
}
