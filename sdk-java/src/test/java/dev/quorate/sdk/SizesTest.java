package dev.quorate.sdk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.quorate.sdk.QuorateException.Reason;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class SizesTest {
    private static final byte[] GIGANTIC = new byte[6 << 20];

    @Test
    void whatNoNodeTakesIsRefusedBeforeItIsSent() throws Exception {
        try (FakeCluster cluster = new FakeCluster(1);
                QuorateClient client = cluster.client()) {
            Bucket<byte[]> bucket = client.bucket("default");

            assertThat(reason(() -> bucket.put("k", GIGANTIC))).isEqualTo(Reason.VALUE_TOO_LARGE);
            assertThat(reason(() -> bucket.put(GIGANTIC, new byte[0]))).isEqualTo(Reason.KEY_TOO_LARGE);
            assertThat(reason(() -> bucket.get(GIGANTIC))).isEqualTo(Reason.KEY_TOO_LARGE);
            assertThat(reason(() -> bucket.put("k", Versioned.of(new byte[0], Context.of(GIGANTIC)))))
                    .isEqualTo(Reason.CONTEXT_INVALID);
            assertThat(reason(() -> bucket.update("k", old -> GIGANTIC))).isEqualTo(Reason.VALUE_TOO_LARGE);
            assertThat(bucket.getAsync(GIGANTIC)).isCompletedExceptionally();
            assertThat(cluster.nodes.get(0).count("put")).isZero();
        }
    }

    private static Reason reason(ThrowingCallable call) {
        QuorateException failure = catchThrowableOfType(QuorateException.class, call);
        assertThat(failure).isNotNull();
        assertThat(failure.outcomeUnknown()).isFalse();
        return failure.reason();
    }
}
