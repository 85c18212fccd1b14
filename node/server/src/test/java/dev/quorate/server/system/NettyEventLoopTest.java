package dev.quorate.server.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.quorate.core.runtime.EventLoop;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class NettyEventLoopTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    private final LinkedBlockingQueue<Throwable> defects = new LinkedBlockingQueue<>();
    private final NettyEventLoop loop = new NettyEventLoop("test", defects::add);

    @AfterEach
    void stop() throws Exception {
        loop.stop();
    }

    @Test
    void tasksRunInOrderOnOneThread() throws Exception {
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            int number = i;
            loop.execute(() -> order.add(loop.inLoop() ? number : -1));
        }

        assertThat(loop.ask(LIMIT, () -> List.copyOf(order)))
                .hasSize(1000)
                .isSorted()
                .doesNotContain(-1);
    }

    @Test
    void whatIsDueAtTheEndOfAPassRunsAfterEverythingThatIsReady() throws Exception {
        List<String> order = new ArrayList<>();
        CountDownLatch done = new CountDownLatch(1);
        loop.execute(() -> {
            loop.atEndOfPass(() -> {
                order.add("end of pass");
                done.countDown();
            });
            loop.execute(() -> order.add("ready 1"));
            loop.execute(() -> order.add("ready 2"));
            order.add("now");
        });

        assertThat(done.await(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(order).containsExactly("now", "ready 1", "ready 2", "end of pass");
    }

    @Test
    void aTimerRunsNotBeforeItsTimeAndNotWhenCancelled() throws Exception {
        CountDownLatch fired = new CountDownLatch(1);
        List<String> ran = new ArrayList<>();
        long start = System.nanoTime();
        loop.execute(() -> {
            EventLoop.Timer cancelled = loop.after(Duration.ofMillis(1), () -> ran.add("cancelled"));
            cancelled.cancel();
            loop.after(Duration.ofMillis(30), fired::countDown);
        });

        assertThat(fired.await(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(System.nanoTime() - start)
                .isGreaterThanOrEqualTo(Duration.ofMillis(30).toNanos());
        assertThat(loop.ask(LIMIT, () -> List.copyOf(ran))).isEmpty();
    }

    @Test
    void aTaskThatThrowsIsADefectAndNotSilence() throws Exception {
        RuntimeException planted = new IllegalStateException("planted");
        loop.execute(() -> {
            throw planted;
        });
        assertThat(defects.poll(LIMIT.toSeconds(), TimeUnit.SECONDS)).isSameAs(planted);

        loop.execute(() -> loop.after(Duration.ZERO, () -> {
            throw planted;
        }));
        assertThat(defects.poll(LIMIT.toSeconds(), TimeUnit.SECONDS)).isSameAs(planted);
        assertThat(loop.ask(LIMIT, () -> "still running")).isEqualTo("still running");
    }

    @Test
    void askingABusyLoopEnds() throws Exception {
        CountDownLatch release = new CountDownLatch(1);
        loop.execute(() -> {
            try {
                release.await();
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
            }
        });

        assertThatThrownBy(() -> loop.ask(Duration.ofMillis(20), () -> 1)).isInstanceOf(TimeoutException.class);
        release.countDown();
    }
}
