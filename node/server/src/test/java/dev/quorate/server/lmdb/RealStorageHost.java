package dev.quorate.server.lmdb;

import dev.quorate.core.storage.StorageContractTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The real storage on a directory of its own. A crash is that of the process: the operating system keeps what was written. */
final class RealStorageHost implements StorageContractTest.Host {
    private final Path directory;
    private final StorageConfig config;
    private final TestLoop loop = new TestLoop();
    private final List<Throwable> fatal = new CopyOnWriteArrayList<>();
    private LmdbStorage storage;

    RealStorageHost(Function<Path, StorageConfig> config) {
        try {
            this.directory = FastDirectory.create("quorate-storage-");
            this.config = config.apply(directory.resolve("data"));
            this.storage = open();
        } catch (IOException failure) {
            throw new AssertionError(failure);
        }
    }

    private LmdbStorage open() throws IOException {
        return LmdbStorage.open(config, loop, new SilentMetrics(), (what, cause) -> fatal.add(cause));
    }

    @Override
    public LmdbStorage storage() {
        return storage;
    }

    @Override
    public <T extends @Nullable Object> T onLoop(Supplier<T> work) {
        return loop.call(work);
    }

    @Override
    public <T extends @Nullable Object> T await(CompletionStage<T> stage) {
        return loop.await(stage);
    }

    @Override
    public boolean onLoopNow() {
        return loop.isCurrent();
    }

    @Override
    public void restart() {
        try {
            storage.close();
            storage = open();
        } catch (IOException | InterruptedException failure) {
            throw new AssertionError(failure);
        }
    }

    @Override
    public void crash() {
        try {
            storage.halt();
            storage = open();
        } catch (IOException | InterruptedException failure) {
            throw new AssertionError(failure);
        }
    }

    /** What ended the process, if it were one. */
    List<Throwable> fatal() {
        return fatal;
    }

    @Override
    public void close() {
        try {
            storage.close();
            loop.close();
            try (Stream<Path> files = Files.walk(directory)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        } catch (IOException | InterruptedException failure) {
            throw new AssertionError(failure);
        }
        if (!fatal.isEmpty()) {
            throw new AssertionError("the storage would have ended the process", fatal.get(0));
        }
    }
}
