package dev.quorate.core.replication;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.core.runtime.BootSource;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.version.VersionRules;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;

class DotMintTest {
    private final List<CompletableFuture<Long>> drawn = new ArrayList<>();
    private final DotMint mint = new DotMint(1, 1, new Boots(), rules(), new Silent());

    @Test
    void writesThatFindTheBootUsedAtTheSameTimeShareItsRenewal() {
        // Each would otherwise draw a boot and sync it; were two told of the same one, its dots would be minted twice.
        CompletionStage<Long> first = mint.renew();
        CompletionStage<Long> second = mint.renew();
        assertThat(drawn).hasSize(1);
        drawn.get(0).complete(8L);
        assertThat(first.toCompletableFuture()).isCompleted();
        assertThat(second.toCompletableFuture()).isCompleted();
        assertThat(mint.mint().toString()).isEqualTo("1.1.8.1");
        assertThat(mint.mint().toString()).isEqualTo("1.1.8.2");
    }

    @Test
    void aRenewalThatFailedMayBeTriedAgain() {
        CompletionStage<Long> failed = mint.renew();
        drawn.get(0).completeExceptionally(new IllegalStateException("no disk"));
        assertThat(failed.toCompletableFuture()).isCompletedExceptionally();
        CompletionStage<Long> renewed = mint.renew();
        drawn.get(1).complete(9L);
        assertThat(renewed.toCompletableFuture()).isCompleted();
        assertThat(mint.boot()).isEqualTo(9);
    }

    private static SafetyRules rules() {
        return new SafetyRules(new VersionRules((kept, dropped) -> {}));
    }

    private final class Boots implements BootSource {
        @Override
        public long current() {
            return 7;
        }

        @Override
        public CompletionStage<Long> renewAbove(long startNo) {
            CompletableFuture<Long> stage = new CompletableFuture<>();
            drawn.add(stage);
            return stage;
        }
    }

    private static final class Silent implements Metrics {
        @Override
        public Counter counter(String name, String help) {
            return amount -> {};
        }

        @Override
        public void gauge(String name, String help, LongSupplier value) {}

        @Override
        public Histogram histogram(String name, String help) {
            return value -> {};
        }
    }
}
