package dev.quorate.server.log;

import dev.quorate.core.storage.WriteBatch;
import java.io.IOException;

/** Takes the batches that recovery replays, in order. */
@FunctionalInterface
public interface BatchSink {
    void accept(long lsn, WriteBatch batch) throws IOException;
}
