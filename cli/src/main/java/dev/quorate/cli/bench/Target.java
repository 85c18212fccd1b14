package dev.quorate.cli.bench;

import org.jspecify.annotations.Nullable;

/**
 * What is measured. One client thread of its own runs all completions; starting an operation never blocks. Echo and
 * cluster differ in the message and in nothing else, or their ratio would compare clients.
 */
interface Target extends AutoCloseable {
    /** Told exactly once, on the client's thread or before {@link Target#start} returns. */
    interface Completion {
        /** @param failure why there is no good answer; null when there is one */
        void completed(@Nullable String failure);
    }

    void start(Operation operation, byte[] key, Completion completion);

    @Override
    void close();
}
