package dev.quorate.sdk;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Checks and wire form of the options. What needs N, such as R above N, is the server's to refuse. */
final class Options {
    /** Beyond this the server would cut the deadline anyway. */
    static final Duration LONGEST_TIMEOUT = Duration.ofSeconds(30);

    private Options() {}

    static void checkQuorum(String name, @Nullable Integer number) {
        if (number != null && number < 0) {
            throw new IllegalArgumentException(name + " is " + number + ", below 0");
        }
    }

    static void checkTimeout(@Nullable Duration timeout) {
        if (timeout != null && (timeout.isNegative() || timeout.isZero() || timeout.compareTo(LONGEST_TIMEOUT) > 0)) {
            throw new IllegalArgumentException(
                    "timeout is " + timeout + ", not above 0 and at most " + LONGEST_TIMEOUT);
        }
    }

    /** Null when everything is the default, which then costs no bytes. */
    static dev.quorate.proto.kv.v1.@Nullable ReadOptions toWire(ReadOptions options) {
        if (options.consistency() == Consistency.DEFAULT
                && options.r() == null
                && options.pr() == null
                && options.mode() == Mode.DEFAULT) {
            return null;
        }
        var wire = dev.quorate.proto.kv.v1.ReadOptions.newBuilder()
                .setConsistency(toWire(options.consistency()))
                .setMode(toWire(options.mode()));
        if (options.r() != null) {
            wire.setR(options.r());
        }
        if (options.pr() != null) {
            wire.setPr(options.pr());
        }
        return wire.build();
    }

    static dev.quorate.proto.kv.v1.WriteOptions.Builder toWire(WriteOptions options) {
        var wire = dev.quorate.proto.kv.v1.WriteOptions.newBuilder()
                .setConsistency(toWire(options.consistency()))
                .setMode(toWire(options.mode()))
                .setIfAbsent(options.ifAbsent())
                .setReturnSiblings(options.returnSiblings());
        if (options.w() != null) {
            wire.setW(options.w());
        }
        if (options.pw() != null) {
            wire.setPw(options.pw());
        }
        return wire;
    }

    private static dev.quorate.proto.kv.v1.Consistency toWire(Consistency consistency) {
        return switch (consistency) {
            case DEFAULT -> dev.quorate.proto.kv.v1.Consistency.CONSISTENCY_UNSPECIFIED;
            case ONE -> dev.quorate.proto.kv.v1.Consistency.CONSISTENCY_ONE;
            case QUORUM -> dev.quorate.proto.kv.v1.Consistency.CONSISTENCY_QUORUM;
            case ALL -> dev.quorate.proto.kv.v1.Consistency.CONSISTENCY_ALL;
        };
    }

    private static dev.quorate.proto.kv.v1.Mode toWire(Mode mode) {
        return switch (mode) {
            case DEFAULT -> dev.quorate.proto.kv.v1.Mode.MODE_UNSPECIFIED;
            case STRICT -> dev.quorate.proto.kv.v1.Mode.MODE_STRICT;
            case SLOPPY -> dev.quorate.proto.kv.v1.Mode.MODE_SLOPPY;
        };
    }
}
