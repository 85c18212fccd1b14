package dev.quorate.cli.connect;

import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.DurationConverter;
import dev.quorate.cli.terminal.ExitCode;
import io.grpc.ConnectivityState;
import io.grpc.Deadline;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * Asks the first of several nodes that can be reached. Not the SDK on purpose: a tool for looking at a cluster shows what
 * one node said, without retries and routing in between, and passes contexts on as they are.
 *
 * <p>Another node is asked only when this one has certainly done nothing. Whatever may have been applied is reported.
 */
public final class ClusterConnection implements AutoCloseable {
    private static final Duration LONGEST_CONNECT = Duration.ofSeconds(2);
    private static final int LARGEST_ANSWER_BYTES = 64 << 20;

    private final List<Endpoint> endpoints;
    private final Duration timeout;
    private final Function<Endpoint, ManagedChannel> opener;
    private final Map<Endpoint, ManagedChannel> channels = new LinkedHashMap<>();

    /** One request to one node. */
    public interface Call<T> {
        T on(ManagedChannel channel, Deadline deadline);
    }

    /** Whether an answer that got lost leaves the caller in doubt. */
    public enum Effect {
        READS,
        WRITES,
        /** Changes the cluster itself. */
        CHANGES
    }

    public ClusterConnection(List<Endpoint> endpoints, Duration timeout) {
        this(endpoints, timeout, ClusterConnection::open);
    }

    ClusterConnection(List<Endpoint> endpoints, Duration timeout, Function<Endpoint, ManagedChannel> opener) {
        this.endpoints = List.copyOf(endpoints);
        this.timeout = timeout;
        this.opener = opener;
    }

    /** @throws CommandFailure when no node answered with success, naming every endpoint tried and what it said */
    public <T> T call(Effect effect, Call<T> call) {
        List<RpcFailure> failures = new ArrayList<>();
        for (Endpoint endpoint : endpoints) {
            try {
                return callOne(endpoint, effect, call);
            } catch (RpcFailure failure) {
                failures.add(failure);
                if (!failure.nothingDone()) {
                    break;
                }
            }
        }
        throw RpcFailure.summary(failures, effect);
    }

    /** As {@link #call}, at this node and no other. */
    public <T> T callAt(Endpoint endpoint, Effect effect, Call<T> call) {
        try {
            return callOne(endpoint, effect, call);
        } catch (RpcFailure failure) {
            throw RpcFailure.summary(List.of(failure), effect);
        }
    }

    public List<Endpoint> endpoints() {
        return endpoints;
    }

    private <T> T callOne(Endpoint endpoint, Effect effect, Call<T> call) throws RpcFailure {
        ManagedChannel channel = channels.computeIfAbsent(endpoint, opener);
        boolean connected = awaitConnection(endpoint, channel);
        try {
            return call.on(channel, Deadline.after(timeout.toMillis(), TimeUnit.MILLISECONDS));
        } catch (StatusRuntimeException e) {
            throw RpcFailure.of(endpoint, e, timeout, connected, effect);
        }
    }

    /**
     * Connecting has a time of its own: a node that is stopped or hangs accepts connections in its kernel and never says
     * a word, and a deadline alone could not tell that from a slow answer. A refused connection returns at once and lets
     * the call report the cause.
     */
    private boolean awaitConnection(Endpoint endpoint, ManagedChannel channel) throws RpcFailure {
        Duration patience = timeout.compareTo(LONGEST_CONNECT) < 0 ? timeout : LONGEST_CONNECT;
        long giveUpAt = System.nanoTime() + patience.toNanos();
        ConnectivityState state = channel.getState(true);
        while (state == ConnectivityState.IDLE || state == ConnectivityState.CONNECTING) {
            CountDownLatch changed = new CountDownLatch(1);
            channel.notifyWhenStateChanged(state, changed::countDown);
            if (!awaitUninterrupted(changed, giveUpAt - System.nanoTime())) {
                throw RpcFailure.connectionNotAnswered(endpoint, DurationConverter.text(patience));
            }
            state = channel.getState(true);
        }
        return state == ConnectivityState.READY;
    }

    private static boolean awaitUninterrupted(CountDownLatch latch, long nanos) {
        try {
            return latch.await(nanos, TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommandFailure(ExitCode.INTERRUPTED, "interrupted", null, e);
        }
    }

    private static ManagedChannel open(Endpoint endpoint) {
        return NettyChannelBuilder.forAddress(endpoint.host(), endpoint.port())
                .usePlaintext()
                .directExecutor()
                .maxInboundMessageSize(LARGEST_ANSWER_BYTES)
                .build();
    }

    @Override
    public void close() {
        channels.values().forEach(ManagedChannel::shutdownNow);
    }
}
