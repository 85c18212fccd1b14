package dev.quorate.server.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.quorate.core.runtime.EventLoop;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.server.system.NettyEventLoop;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class PrometheusTextTest {
    /** A loop of a test that has only one thing to do. */
    private static final class InlineLoop implements EventLoop {
        @Override
        public void execute(Runnable task) {
            task.run();
        }

        @Override
        public Timer after(Duration delay, Runnable task) {
            throw new UnsupportedOperationException();
        }
    }

    private final LoopMetrics metrics = new LoopMetrics();

    @Test
    void countersGaugesAndHistogramsArePublished() throws Exception {
        Metrics.Counter counter = metrics.counter("reads_total", "Reads");
        counter.add(41);
        counter.increment();
        metrics.gauge("queue_bytes", "Queue", () -> 7);
        Metrics.Histogram histogram = metrics.histogram("get_nanos", "Time");
        histogram.record(1);
        histogram.record(3);
        histogram.record(4);
        histogram.record(5);
        try (PrometheusText text = new PrometheusText(metrics, new InlineLoop())) {
            assertThat(page(text))
                    .contains("quorate_reads_total 42.0\n")
                    .contains("# HELP quorate_reads_total Reads\n")
                    .contains("quorate_queue_bytes 7.0\n")
                    .contains("quorate_get_nanos_bucket{le=\"1.0\"} 1\n")
                    .contains("quorate_get_nanos_bucket{le=\"2.0\"} 1\n")
                    .contains("quorate_get_nanos_bucket{le=\"4.0\"} 3\n")
                    .contains("quorate_get_nanos_bucket{le=\"8.0\"} 4\n")
                    .contains("quorate_get_nanos_count 4\n")
                    .contains("quorate_get_nanos_sum 13.0\n")
                    .contains("jvm_gc_");

            metrics.counter("later_total", "Registered after the first scrape").increment();
            counter.increment();
            assertThat(page(text)).contains("quorate_later_total 1.0\n").contains("quorate_reads_total 43.0\n");
        }
    }

    @Test
    void oneNameIsOneCounter() {
        metrics.counter("x_total", "X").increment();
        metrics.counter("x_total", "X").increment();

        assertThat(metrics.value("x_total")).isEqualTo(2);
        assertThatThrownBy(() -> metrics.histogram("x_total", "X")).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void theLargestValueStillHasABucket() throws Exception {
        Metrics.Histogram histogram = metrics.histogram("huge", "Huge");
        histogram.record(Long.MAX_VALUE);
        histogram.record(0);
        try (PrometheusText text = new PrometheusText(metrics, new InlineLoop())) {
            assertThat(page(text)).contains("quorate_huge_bucket{le=\"+Inf\"} 2\n");
        }
    }

    @Test
    void scrapersMayComeOverHttp() throws Exception {
        metrics.counter("x_total", "X").increment();
        NettyEventLoop loop = new NettyEventLoop("test", thrown -> {});
        try (PrometheusText text = new PrometheusText(metrics, loop);
                MetricsListener listener =
                        MetricsListener.start(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), loop, text)) {
            String root = "http://127.0.0.1:" + listener.port();

            assertThat(get(root + "/metrics").body()).contains("quorate_x_total 1.0");
            assertThat(get(root + "/").statusCode()).isEqualTo(404);
        } finally {
            loop.stop();
        }
    }

    private static String page(PrometheusText text) throws Exception {
        return text.page().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    private static HttpResponse<String> get(String uri) throws Exception {
        return HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(URI.create(uri)).build(), HttpResponse.BodyHandlers.ofString());
    }
}
