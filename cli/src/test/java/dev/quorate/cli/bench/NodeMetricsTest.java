package dev.quorate.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class NodeMetricsTest {
    private static final String TEXT = """
            # HELP quorate_hints Records that wait to be handed to an owner
            # TYPE quorate_hints gauge
            quorate_hints 12.0
            quorate_hints_total 5.0
            quorate_sent_bytes_total{cause="hint"} 1.5E3
            quorate_sent_bytes_total{cause="repair"} 500.0
            """;

    @Test
    void addsUpAllLabelsOfAMetricAndNoOther() {
        assertThat(NodeMetrics.sum(TEXT, "hints")).isEqualTo(12);
        assertThat(NodeMetrics.sum(TEXT, "sent_bytes_total")).isEqualTo(2_000);
        assertThat(NodeMetrics.sum(TEXT, "hint")).isZero();
    }
}
