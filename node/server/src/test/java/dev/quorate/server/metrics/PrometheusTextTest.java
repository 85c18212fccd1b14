package dev.quorate.server.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.quorate.core.runtime.Metrics;
import dev.quorate.server.system.NettyEventLoop;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.Test;

class PrometheusTextTest {
    private final LoopMetrics metrics = new LoopMetrics();

    @Test
    void countersGaugesAndHistogramsArePublished() {
        Metrics.Counter counter = metrics.counter("reads_total", "Reads");
        counter.add(41);
        counter.increment();
        metrics.gauge("queue_bytes", "Queue", () -> 7);
        Metrics.Histogram histogram = metrics.histogram("get_nanos", "Time");
        histogram.record(1);
        histogram.record(3);
        histogram.record(4);
        histogram.record(5);
        try (PrometheusText text = new PrometheusText(metrics)) {
            assertThat(text.scrape())
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
            assertThat(text.scrape()).contains("quorate_later_total 1.0\n").contains("quorate_reads_total 43.0\n");
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
    void theLargestValueStillHasABucket() {
        Metrics.Histogram histogram = metrics.histogram("huge", "Huge");
        histogram.record(Long.MAX_VALUE);
        histogram.record(0);
        try (PrometheusText text = new PrometheusText(metrics)) {
            assertThat(text.scrape()).contains("quorate_huge_bucket{le=\"+Inf\"} 2\n");
        }
    }

    @Test
    void scrapersMayComeOverHttp() throws Exception {
        metrics.counter("x_total", "X").increment();
        NettyEventLoop loop = new NettyEventLoop("test", thrown -> {});
        try (PrometheusText text = new PrometheusText(metrics);
                MetricsListener listener =
                        MetricsListener.start(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), loop, text)) {
            String root = "http://127.0.0.1:" + listener.port();

            assertThat(get(root + "/metrics").body()).contains("quorate_x_total 1.0");
            assertThat(get(root + "/").statusCode()).isEqualTo(404);
        } finally {
            loop.stop();
        }
    }

    private static HttpResponse<String> get(String uri) throws Exception {
        return HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(URI.create(uri)).build(), HttpResponse.BodyHandlers.ofString());
    }
}
