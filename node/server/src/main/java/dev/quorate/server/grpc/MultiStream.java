package dev.quorate.server.grpc;

import io.grpc.stub.ServerCallStreamObserver;
import java.util.List;
import java.util.function.Consumer;

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
    private int started;
    private int finished;
    private boolean starting;

    MultiStream(ServerCallStreamObserver<T> observer, List<Item<T>> items) {
        this.observer = observer;
        this.items = items;
    }

    /** Call from the service method, while handlers may still be set. */
    void start() {
        observer.setOnReadyHandler(this::advance);
        observer.setOnCancelHandler(() -> started = items.size());
        if (items.isEmpty()) {
            observer.onCompleted();
            return;
        }
        advance();
    }

    private void advance() {
        // An operation that is done at once comes back here from within the loop below, which goes on by itself.
        if (starting) {
            return;
        }
        starting = true;
        while (started < items.size() && started - finished < WINDOW && observer.isReady()) {
            items.get(started++).start(this::done);
        }
        starting = false;
    }

    private void done(T outcome) {
        finished++;
        if (observer.isCancelled()) {
            return;
        }
        observer.onNext(outcome);
        if (finished == items.size()) {
            observer.onCompleted();
        } else {
            advance();
        }
    }
}
