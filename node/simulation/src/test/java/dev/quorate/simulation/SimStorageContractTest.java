package dev.quorate.simulation;

import dev.quorate.core.storage.Storage;
import dev.quorate.core.storage.StorageContractTest;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/** The simulated storage does what the real one must do. */
class SimStorageContractTest extends StorageContractTest {
    private long hosts;

    @Override
    protected Host newHost() {
        return new SimHost(++hosts);
    }

    private static final class SimHost implements Host {
        private final SimWorld world;
        private final SimClock clock;
        private final SimDisk disk = new SimDisk();
        private final SimRandom random;
        private SimEventLoop loop;
        private SimStorage storage;

        SimHost(long seed) {
            this.world = new SimWorld(seed);
            this.clock = new SimClock(world, 0, 1);
            this.random = world.random("disk", 1);
            start();
        }

        private void start() {
            loop = new SimEventLoop(world, clock, 1);
            SimStorage.Character character = new SimStorage.Character(1_000_000, 0.3, 2_000_000);
            storage = new SimStorage(world, loop, disk, random, character, 1, batch -> {});
        }

        @Override
        public Storage storage() {
            return storage;
        }

        @Override
        public <T> T onLoop(Supplier<T> work) {
            AtomicReference<T> result = new AtomicReference<>();
            AtomicBoolean done = new AtomicBoolean();
            loop.execute(() -> {
                result.set(work.get());
                done.set(true);
            });
            // No further than needed, so that what the work has begun is still under way when it returns.
            while (!done.get() && world.step()) {
                // Until its turn has come.
            }
            return result.get();
        }

        @Override
        public <T> T await(CompletionStage<T> stage) {
            while (!stage.toCompletableFuture().isDone() && world.step()) {
                // Until the world has brought it about.
            }
            return stage.toCompletableFuture().join();
        }

        @Override
        public boolean onLoopNow() {
            return loop.runningNow();
        }

        @Override
        public void restart() {
            storage.close();
            loop.die();
            start();
        }

        @Override
        public void crash() {
            storage.crash(random.nextDouble());
            loop.die();
            start();
        }

        @Override
        public void close() {
            loop.die();
        }
    }
}
