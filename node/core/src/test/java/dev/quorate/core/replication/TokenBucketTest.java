package dev.quorate.core.replication;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TokenBucketTest {
    @Test
    void spendsWhatAccruedAndNeverMoreThanItHolds() {
        TokenBucket bucket = new TokenBucket(2);
        bucket.accrue(100);
        assertThat(bucket.take()).isTrue();
        assertThat(bucket.take()).isTrue();
        assertThat(bucket.take()).isFalse();
        bucket.accrue(0.5);
        assertThat(bucket.take()).isFalse();
        bucket.accrue(0.5);
        assertThat(bucket.take()).isTrue();
    }

    @Test
    void aBucketWithoutCapacityGivesNothing() {
        TokenBucket closed = new TokenBucket(0);
        closed.accrue(5);
        assertThat(closed.take()).isFalse();
    }
}
