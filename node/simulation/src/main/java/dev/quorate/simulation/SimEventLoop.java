package dev.quorate.simulation;

import dev.quorate.core.runtime.EventLoop;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The loop of one life of one node. A paused loop runs nothing and keeps what arrives; a dead one drops it. */
final class SimEventLoop implements EventLoop {
    private final SimWorld world;
    private final SimClock clock;
    private final int lane;
    private final List<Runnable> backlog = new ArrayList<>();
    private boolean paused;
    private boolean dead;
    private boolean running;

    SimEventLoop(SimWorld world, SimClock clock, int lane) {
        this.world = world;
        this.clock = clock;
        this.lane = lane;
    }

    @Override
    public void execute(Runnable task) {
        world.after(0, lane, SimWorld.Kind.TASK, () -> run(task));
    }

    @Override
    public Timer after(Duration delay, Runnable task) {
        SimWorld.Event event =
                world.after(clock.worldNanos(Math.max(0, delay.toNanos())), lane, SimWorld.Kind.TIMER, () -> run(task));
        return event::cancel;
    }

    /** Something from outside reaches this loop, now. */
    void run(Runnable task) {
        if (dead) {
            return;
        }
        if (paused) {
            backlog.add(task);
            return;
        }
        running = true;
        try {
            task.run();
        } finally {
            running = false;
        }
    }

    boolean runningNow() {
        return running;
    }

    void pause() {
        paused = true;
    }

    /** Everything that queued up meanwhile comes at once. */
    void resume() {
        paused = false;
        List<Runnable> waiting = List.copyOf(backlog);
        backlog.clear();
        for (Runnable task : waiting) {
            execute(task);
        }
    }

    void die() {
        dead = true;
        backlog.clear();
    }

    boolean dead() {
        return dead;
    }

    boolean paused() {
        return paused;
    }
}
