package dev.quorate.server.grpc;

import com.google.rpc.Status;
import dev.quorate.core.NodeCore;
import dev.quorate.core.peer.Failure;
import dev.quorate.core.peer.Result;
import dev.quorate.core.replication.ClientAnswer;
import dev.quorate.core.replication.ClientGet;
import dev.quorate.core.replication.ClientWrite;
import dev.quorate.core.runtime.Clock;
import dev.quorate.core.runtime.Metrics;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Hands clients' operations to core, whatever call they came by: admission, latency, and a status for all that is no answer. */
public final class ClientOperations {
    /** Told exactly once, on the loop, perhaps before the operation's method returns. */
    interface Caller {
        void answered(ClientAnswer answer);

        void failed(Status status);
    }

    private final NodeCore core;
    private final Clock clock;
    private final Admission admission;
    private final Defects defects;
    private final Metrics.Histogram getNanos;
    private final Metrics.Histogram writeNanos;
    private final Metrics.Counter failures;

    public ClientOperations(NodeCore core, Clock clock, Admission admission, Defects defects, Metrics metrics) {
        this.core = core;
        this.clock = clock;
        this.admission = admission;
        this.defects = defects;
        this.getNanos = metrics.histogram("client_get_nanos", "Time of a client's read in this node, failed ones too");
        this.writeNanos =
                metrics.histogram("client_write_nanos", "Time of a client's write in this node, failed ones too");
        this.failures =
                metrics.counter("client_failures_total", "Client operations that were not answered with success");
    }

    /** @param timeout null for the default */
    void get(Result<ClientGet> request, @Nullable Duration timeout, long size, Caller caller) {
        request.match(
                get -> run("get", getNanos, () -> core.get(get, timeout), timeout, size, caller),
                failure -> refuse(failure, caller));
    }

    /** @param timeout null for the default */
    void write(Result<ClientWrite> request, @Nullable Duration timeout, long size, Caller caller) {
        request.match(
                write -> run("write", writeNanos, () -> core.write(write, timeout), timeout, size, caller),
                failure -> refuse(failure, caller));
    }

    /** Takes in a call of many operations; null if it may go on, or else why not. */
    @Nullable
    Failure hold(long size) {
        Failure refused = admission.hold(size);
        if (refused != null) {
            failures.increment();
        }
        return refused;
    }

    /** The end of what {@link #hold} let in. */
    void letGo(long size) {
        admission.letGo(size);
    }

    /** Answers that wait for a client to take them; negative when it has. */
    void keep(long size) {
        admission.keep(size);
    }

    /** 0 to 100. */
    int load() {
        return core.load();
    }

    private boolean refuse(Failure failure, Caller caller) {
        failures.increment();
        caller.failed(StatusMapping.of(failure));
        return false;
    }

    private boolean run(
            String name,
            Metrics.Histogram latency,
            Supplier<CompletionStage<Result<ClientAnswer>>> operation,
            @Nullable Duration timeout,
            long size,
            Caller caller) {
        if (timeout != null && (timeout.isNegative() || timeout.isZero())) {
            return refuse(Failure.of(Failure.Kind.DEADLINE).with("cause", "no time was left on arrival"), caller);
        }
        Failure refused = admission.enter(size);
        if (refused != null) {
            return refuse(refused, caller);
        }
        long start = clock.nanos();
        CompletionStage<Result<ClientAnswer>> stage;
        try {
            stage = operation.get();
        } catch (RuntimeException thrown) {
            ended(latency, start, size);
            failures.increment();
            caller.failed(defects.report(name, thrown));
            return false;
        }
        var unused = stage.whenComplete((result, thrown) -> {
            ended(latency, start, size);
            try {
                tell(name, result, thrown, caller);
            } catch (RuntimeException defect) {
                // A stage that nobody looks at would swallow it, and the client would wait for its deadline.
                caller.failed(defects.report(name, defect));
            }
        });
        return true;
    }

    private void tell(String name, @Nullable Result<ClientAnswer> result, @Nullable Throwable thrown, Caller caller) {
        if (result instanceof Result.Answered<ClientAnswer> answered) {
            caller.answered(answered.answer());
        } else if (result instanceof Result.Failed<ClientAnswer> failed) {
            failures.increment();
            caller.failed(StatusMapping.of(failed.failure()));
        } else {
            failures.increment();
            caller.failed(defects.report(name, thrown == null ? new IllegalStateException("no result") : thrown));
        }
    }

    private void ended(Metrics.Histogram latency, long start, long size) {
        latency.record(clock.nanos() - start);
        admission.leave(size);
    }
}
