package dev.quorate.simulation;

import dev.quorate.core.runtime.BootSource;
import java.util.concurrent.CompletionStage;

/** The identity file of one machine, as one life of its process sees it. */
final class SimBoots implements BootSource {
    private final SimWorld world;
    private final SimEventLoop loop;
    private final SimDisk disk;
    private final SimRandom random;
    private final int lane;

    SimBoots(SimWorld world, SimEventLoop loop, SimDisk disk, SimRandom random, int lane, long first) {
        this.world = world;
        this.loop = loop;
        this.disk = disk;
        this.random = random;
        this.lane = lane;
        disk.boot(first);
    }

    /** {@code startNo << 32 | 32 random bits}. */
    static long fresh(SimDisk disk, SimRandom random) {
        return (long) disk.nextStart() << 32 | (random.nextLong() & 0xffff_ffffL);
    }

    @Override
    public long current() {
        return disk.boot();
    }

    @Override
    public CompletionStage<Long> renewAbove(long startNo) {
        disk.startedAtLeast(startNo);
        SimFuture<Long> renewed = new SimFuture<>(world);
        long boot = fresh(disk, random);
        world.after(
                random.between(100_000, 5_000_000),
                lane,
                SimWorld.Kind.DISK,
                () -> loop.run(() -> {
                    disk.boot(boot);
                    renewed.complete(boot);
                }));
        return renewed;
    }
}
