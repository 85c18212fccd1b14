package dev.quorate.server.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.core.runtime.Clock;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class LogRateLimitTest {
    private long now = -5;

    private final Clock clock = new Clock() {
        @Override
        public long nanos() {
            return now;
        }

        @Override
        public long wallMillis() {
            return 0;
        }
    };

    @Test
    void oneLinePassesPerInterval() {
        LogRateLimit limit = new LogRateLimit(clock, Duration.ofNanos(10));

        assertThat(limit.permits()).isTrue();
        assertThat(limit.permits()).isFalse();
        now += 9;
        assertThat(limit.permits()).isFalse();
        now += 1;
        assertThat(limit.permits()).isTrue();
        assertThat(limit.permits()).isFalse();
    }
}
