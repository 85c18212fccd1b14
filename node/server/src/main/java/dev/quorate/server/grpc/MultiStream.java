package dev.quorate.server.grpc;

import dev.quorate.core.peer.Failure;
import dev.quorate.core.runtime.EventLoop;
import io.grpc.stub.ServerCallStreamObserver;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Many operations asked for at once, their outcomes streamed as they come. Only so many run at one time, and only while the
 * client takes what it is sent: the answers to a thousand keys may be a thousand times larger than the question.
 */
final class MultiStream<T> {
    /** Starts one operation; {@code done} is called once, perhaps before it returns. */
    interface Item<T> {
        void start(Consumer<T> done);
    }

    static final int WINDOW = 64;

    private final ServerCallStreamObserver<T> observer;
    private final List<Item<T>> items;
    private final Runnable whenEnded;
    private EventLoop.@Nullable Timer limit;
    private boolean ended;
    private int started;
    private int finished;
    private boolean starting;

    /** @param whenEnded called once, when no more of the items is begun or sent */
    MultiStream(ServerCallStreamObserver<T> observer, List<Item<T>> items, Runnable whenEnded) {
        this.observer = observer;
        this.items = items;
        this.whenEnded = whenEnded;
    }

    /** Call from the service method, while handlers may still be set. */
    void start(EventLoop loop, Duration longest) {
        observer.setOnReadyHandler(this::advance);
        observer.setOnCancelHandler(this::end);
        if (items.isEmpty()) {
            complete();
            return;
        }
        limit = loop.after(longest, this::expire);
        advance();
    }

    /** A client that takes nothing, and set no deadline, would hold its items for as long as it likes. */
    private void expire() {
        if (!ended) {
            end();
            observer.onError(StatusMapping.exception(Failure.of(Failure.Kind.DEADLINE)
                    .with(
                            "cause",
                            items.size() - finished + " of " + items.size() + " outcomes were not taken in time")));
        }
    }

    private void complete() {
        end();
        observer.onCompleted();
    }

    private void end() {
        if (ended) {
            return;
        }
        ended = true;
        if (limit != null) {
            limit.cancel();
        }
        whenEnded.run();
    }

    private void advance() {
        // An operation that is done at once comes back here from within the loop below, which goes on by itself.
        if (starting) {
            return;
        }
        starting = true;
        while (!ended && started < items.size() && started - finished < WINDOW && observer.isReady()) {
            items.get(started++).start(this::done);
        }
        starting = false;
    }

    private void done(T outcome) {
        finished++;
        if (ended || observer.isCancelled()) {
            return;
        }
        observer.onNext(outcome);
        if (finished == items.size()) {
            complete();
        } else {
            advance();
        }
    }
}
