package dev.quorate.server.system;

import dev.quorate.core.runtime.Clock;

/** The machine's clocks. */
public final class SystemClock implements Clock {
    @Override
    public long nanos() {
        return System.nanoTime();
    }

    @Override
    public long wallMillis() {
        return System.currentTimeMillis();
    }
}
