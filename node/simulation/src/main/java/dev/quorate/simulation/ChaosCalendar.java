package dev.quorate.simulation;

/**
 * When faults strike and end, and when operators act. Once everything has healed nothing on it happens any more: what would have ended a
 * fault later must not meddle with what comes then.
 */
final class ChaosCalendar {
    private final SimWorld world;
    private boolean healed;

    ChaosCalendar(SimWorld world) {
        this.world = world;
    }

    void at(long nanos, Runnable step) {
        world.at(nanos, SimWorld.WORLD_LANE, SimWorld.Kind.FAULT, () -> {
            if (!healed) {
                step.run();
            }
        });
    }

    void after(long delayNanos, Runnable step) {
        at(world.now() + delayNanos, step);
    }

    /** When the fault that strikes now is over. */
    void later(Fault fault, Runnable end) {
        after(fault.durationNanos(), end);
    }

    void heal() {
        healed = true;
    }

    boolean isHealed() {
        return healed;
    }
}
