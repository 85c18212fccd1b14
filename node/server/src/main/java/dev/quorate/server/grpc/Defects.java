package dev.quorate.server.grpc;

import com.google.rpc.Status;
import dev.quorate.core.runtime.Metrics;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What goes wrong without a name: logged with its trace under an operation id; the caller gets the id and nothing else. */
public final class Defects {
    private static final Logger LOG = LoggerFactory.getLogger(Defects.class);

    private final String node;
    private final LongSupplier boot;
    private final Metrics.Counter counted;
    private long last;

    public Defects(String node, LongSupplier boot, Metrics metrics) {
        this.node = node;
        this.boot = boot;
        this.counted =
                metrics.counter("defects_total", "Operations that met a defect of the node; its log has the traces");
    }

    /** Logs it where nobody waits for an answer. */
    public void note(String operation, Throwable thrown) {
        var unused = report(operation, thrown);
    }

    /** Logs it, and words it for the caller. */
    Status report(String operation, Throwable thrown) {
        String id = node + "-" + Long.toHexString(boot.getAsLong()) + "-" + ++last;
        counted.increment();
        LOG.error("op={} {} met a defect", id, operation, thrown);
        return StatusMapping.internal(id);
    }
}
