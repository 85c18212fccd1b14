package dev.quorate.server.metrics;

import dev.quorate.core.runtime.EventLoop;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * All metrics of the node as Prometheus text, under {@code quorate_}, with those of the JVM. The loop only reads its values; a thread of its own
 * makes text of them, since that takes longer than many operations, and long at the first request: the registry is made then, which would
 * cost the start of the process more than all the rest of this package.
 */
public final class PrometheusText implements AutoCloseable {
    static final String PREFIX = "quorate_";

    private static final String COUNTER_SUFFIX = "_total";

    /** Requests that wait for the thread; what comes then is refused. */
    private static final int WAITING = 16;

    private static final long IDLE_SECONDS = 60;

    private final LoopMetrics metrics;
    private final EventLoop loop;
    private final ThreadPoolExecutor thread;

    // Of the thread.
    private @Nullable PrometheusMeterRegistry registry;
    private @Nullable JvmGcMetrics collections;
    private List<LoopMetrics.Value> values = List.of();

    public PrometheusText(LoopMetrics metrics, EventLoop loop) {
        this.metrics = metrics;
        this.loop = loop;
        this.thread = new ThreadPoolExecutor(
                1, 1, IDLE_SECONDS, TimeUnit.SECONDS, new ArrayBlockingQueue<>(WAITING), task -> {
                    Thread made = new Thread(task, "quorate-metrics");
                    made.setDaemon(true);
                    return made;
                });
        thread.allowCoreThreadTimeOut(true);
    }

    /** The metrics of now. On the loop, where it completes too; with a {@link RejectedExecutionException} if too many wait. */
    public CompletionStage<String> page() {
        List<LoopMetrics.Value> now = metrics.snapshot();
        CompletableFuture<String> page = new CompletableFuture<>();
        try {
            thread.execute(() -> {
                try {
                    String text = text(now);
                    loop.execute(() -> page.complete(text));
                } catch (RuntimeException | Error thrown) {
                    loop.execute(() -> page.completeExceptionally(thrown));
                }
            });
        } catch (RejectedExecutionException full) {
            page.completeExceptionally(full);
        }
        return page;
    }

    private String text(List<LoopMetrics.Value> now) {
        PrometheusMeterRegistry target = registry;
        if (target == null) {
            target = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
            new JvmMemoryMetrics().bindTo(target);
            new ProcessorMetrics().bindTo(target);
            collections = new JvmGcMetrics();
            collections.bindTo(target);
            MultiCollector ours = this::snapshots;
            target.getPrometheusRegistry().register(ours);
            registry = target;
        }
        values = now;
        return target.scrape();
    }

    private MetricSnapshots snapshots() {
        MetricSnapshots.Builder snapshots = MetricSnapshots.builder();
        values.forEach(value -> snapshots.metricSnapshot(snapshot(value)));
        return snapshots.build();
    }

    private static MetricSnapshot snapshot(LoopMetrics.Value value) {
        String name = PREFIX + value.name();
        if (value instanceof LoopMetrics.Value.Counted counted) {
            String stem =
                    name.endsWith(COUNTER_SUFFIX) ? name.substring(0, name.length() - COUNTER_SUFFIX.length()) : name;
            return CounterSnapshot.builder()
                    .name(stem)
                    .help(value.help())
                    .dataPoint(CounterSnapshot.CounterDataPointSnapshot.builder()
                            .value(counted.value())
                            .build())
                    .build();
        }
        if (value instanceof LoopMetrics.Value.Gauged gauged) {
            return GaugeSnapshot.builder()
                    .name(name)
                    .help(value.help())
                    .dataPoint(GaugeSnapshot.GaugeDataPointSnapshot.builder()
                            .value(gauged.value())
                            .build())
                    .build();
        }
        LoopMetrics.LoopHistogram histogram = ((LoopMetrics.Value.Distributed) value).values();
        ClassicHistogramBuckets.Builder buckets = ClassicHistogramBuckets.builder();
        for (int i = 0; i < LoopMetrics.LoopHistogram.BUCKETS; i++) {
            buckets.bucket(LoopMetrics.LoopHistogram.upperBound(i), histogram.count(i));
        }
        return HistogramSnapshot.builder()
                .name(name)
                .help(value.help())
                .dataPoint(HistogramSnapshot.HistogramDataPointSnapshot.builder()
                        .classicHistogramBuckets(buckets.build())
                        .sum(histogram.sum())
                        .build())
                .build();
    }

    /** Not on the loop. Waits for what is under way. */
    @Override
    public void close() throws InterruptedException {
        thread.shutdown();
        if (thread.awaitTermination(10, TimeUnit.SECONDS)) {
            if (collections != null) {
                collections.close();
            }
            if (registry != null) {
                registry.close();
            }
        }
    }
}
