package dev.quorate.core.peer;

import dev.quorate.core.model.Check;

/**
 * How far a member's life is known: its start number in the upper half, and in the lower a version that grows about once a second and
 * with whatever the member says of itself. One number, so that later is simply greater; 0 is a member never heard of.
 */
public final class Heartbeat {
    public static final long NEVER = 0;

    private Heartbeat() {}

    public static long of(long startNo, long version) {
        Check.argument(startNo >= 0 && startNo <= Integer.MAX_VALUE, "start number %d", startNo);
        Check.argument(version >= 0 && version <= 0xffff_ffffL, "version %d", version);
        return startNo << 32 | version;
    }

    /** The start number in a boot number, which stands where a heartbeat has it. */
    public static long startNo(long heartbeat) {
        return heartbeat >>> 32;
    }

    public static long version(long heartbeat) {
        return heartbeat & 0xffff_ffffL;
    }

    /** For people. */
    public static String text(long heartbeat) {
        return startNo(heartbeat) + "." + version(heartbeat);
    }
}
