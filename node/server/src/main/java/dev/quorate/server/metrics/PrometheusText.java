package dev.quorate.server.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.model.registry.Collector;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import java.util.HashSet;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * All metrics of the node as Prometheus text, under {@code quorate_}, with those of the JVM. The registry is made at the first
 * request: it would cost the start of the process more than all the rest of this package. Confined to the event loop.
 */
public final class PrometheusText implements AutoCloseable {
    static final String PREFIX = "quorate_";

    private final LoopMetrics metrics;
    private final Set<String> published = new HashSet<>();
    private @Nullable PrometheusMeterRegistry registry;
    private @Nullable JvmGcMetrics collections;

    public PrometheusText(LoopMetrics metrics) {
        this.metrics = metrics;
    }

    public String scrape() {
        PrometheusMeterRegistry target = registry;
        if (target == null) {
            target = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
            registry = target;
            new JvmMemoryMetrics().bindTo(target);
            new ProcessorMetrics().bindTo(target);
            collections = new JvmGcMetrics();
            collections.bindTo(target);
        }
        for (LoopMetrics.Named<?> named : metrics.all()) {
            if (published.add(named.name())) {
                publish(target, named);
            }
        }
        return target.scrape();
    }

    private static void publish(PrometheusMeterRegistry target, LoopMetrics.Named<?> named) {
        String name = PREFIX + named.name();
        if (named.metric() instanceof LoopMetrics.LoopCounter counter) {
            FunctionCounter.builder(name, counter, LoopMetrics.LoopCounter::value)
                    .description(named.help())
                    .register(target);
        } else if (named.metric() instanceof LongSupplier gauge) {
            Gauge.builder(name, gauge::getAsLong)
                    .description(named.help())
                    .strongReference(true)
                    .register(target);
        } else if (named.metric() instanceof LoopMetrics.LoopHistogram histogram) {
            target.getPrometheusRegistry().register(collector(name, named.help(), histogram));
        }
    }

    private static Collector collector(String name, String help, LoopMetrics.LoopHistogram histogram) {
        return new Collector() {
            @Override
            public MetricSnapshot collect() {
                ClassicHistogramBuckets.Builder buckets = ClassicHistogramBuckets.builder();
                for (int i = 0; i < LoopMetrics.LoopHistogram.BUCKETS; i++) {
                    buckets.bucket(LoopMetrics.LoopHistogram.upperBound(i), histogram.count(i));
                }
                return HistogramSnapshot.builder()
                        .name(name)
                        .help(help)
                        .dataPoint(HistogramSnapshot.HistogramDataPointSnapshot.builder()
                                .classicHistogramBuckets(buckets.build())
                                .sum(histogram.sum())
                                .build())
                        .build();
            }

            @Override
            public String getPrometheusName() {
                return name;
            }
        };
    }

    @Override
    public void close() {
        if (collections != null) {
            collections.close();
        }
        if (registry != null) {
            registry.close();
        }
    }
}
