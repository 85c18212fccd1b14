package dev.quorate.server.lmdb;

import dev.quorate.core.storage.StorageContractTest;
import dev.quorate.server.lmdb.StorageConfig.ReadMode;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Nested;

/** The port's contract over real files, with limits so small that every law flushes and changes segments. */
class LmdbStorageContractTest {
    private static final int SEEDS = 15;

    @Nested
    class ReadOnTheLoop extends StorageContractTest {
        @Override
        protected Host newHost() {
            return new RealStorageHost(directory -> small(directory, ReadMode.LOOP));
        }

        @Override
        protected int seeds() {
            return SEEDS;
        }
    }

    @Nested
    class ReadInThePool extends StorageContractTest {
        @Override
        protected Host newHost() {
            return new RealStorageHost(directory -> small(directory, ReadMode.POOL));
        }

        @Override
        protected int seeds() {
            return SEEDS;
        }
    }

    private static StorageConfig small(Path directory, ReadMode reads) {
        return new StorageConfig(
                directory,
                2 << 20,
                512 << 10,
                2048,
                Duration.ofMillis(50),
                64 << 20,
                0,
                0,
                reads,
                2,
                Duration.ofSeconds(20));
    }
}
