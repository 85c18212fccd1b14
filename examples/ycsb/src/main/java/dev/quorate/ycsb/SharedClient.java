package dev.quorate.ycsb;

import dev.quorate.sdk.QuorateClient;
import org.jspecify.annotations.Nullable;
import site.ycsb.DBException;

/**
 * The one client of this JVM. YCSB makes a {@link QuorateDb} for each of its threads, while a client is meant to be one per program: it
 * bundles what all threads send. The first to come opens it, the last to go closes it.
 */
final class SharedClient {
    private static @Nullable QuorateClient client;
    private static int users;

    private SharedClient() {}

    /** All threads of a run have the same settings, so those of the first count. */
    static synchronized QuorateClient acquire(Settings settings) throws DBException {
        QuorateClient open = client;
        if (open == null) {
            open = settings.connect();
            client = open;
        }
        users++;
        return open;
    }

    static synchronized void release() {
        users--;
        if (users == 0 && client != null) {
            client.close();
            client = null;
        }
    }
}
