package dev.quorate.core.runtime;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongSupplier;

/** Clock, loop and metrics for tests of single classes. */
public final class ManualTime implements Clock, EventLoop, Metrics {
    private record Due(long at, Runnable task) {}

    private final List<Due> due = new ArrayList<>();
    private long nanos = 123_456_789;
    private long wallOffsetMillis = 1_000_000;
    private int timersSet;

    public void pass(Duration time) {
        long until = nanos + time.toNanos();
        while (true) {
            Due next = due.stream().min(Comparator.comparingLong(Due::at)).orElse(null);
            if (next == null || next.at > until) {
                nanos = until;
                return;
            }
            due.remove(next);
            nanos = Math.max(nanos, next.at);
            next.task.run();
        }
    }

    /** The process stands still: what was due meanwhile runs afterwards, all at once. */
    public void stall(Duration time) {
        nanos += time.toNanos();
        pass(Duration.ZERO);
    }

    public void jumpWall(Duration by) {
        wallOffsetMillis += by.toMillis();
    }

    public int timersSet() {
        return timersSet;
    }

    @Override
    public long nanos() {
        return nanos;
    }

    @Override
    public long wallMillis() {
        return wallOffsetMillis + nanos / 1_000_000;
    }

    @Override
    public Timer after(Duration delay, Runnable task) {
        timersSet++;
        Due timer = new Due(nanos + delay.toNanos(), task);
        due.add(timer);
        return () -> due.remove(timer);
    }

    @Override
    public void execute(Runnable task) {
        task.run();
    }

    @Override
    public Counter counter(String name, String help) {
        return amount -> {};
    }

    @Override
    public void gauge(String name, String help, LongSupplier value) {}

    @Override
    public Histogram histogram(String name, String help) {
        return value -> {};
    }
}
