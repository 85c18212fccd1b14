package dev.quorate.sdk;

import java.util.function.Function;

/** What became of one key of a multi-key call: such a call is never all or nothing. */
public sealed interface Outcome<T> {
    /** Decides for both cases. */
    <R> R match(Function<Versioned<T>, R> ok, Function<QuorateException, R> failed);

    /** The answer, or the failure thrown. */
    default Versioned<T> orElseThrow() {
        return match(answer -> answer, failure -> {
            throw failure;
        });
    }

    default boolean isOk() {
        return this instanceof Ok;
    }

    /** The node answered; of a read also when the key is absent. */
    record Ok<T>(Versioned<T> answer) implements Outcome<T> {
        @Override
        public <R> R match(Function<Versioned<T>, R> ok, Function<QuorateException, R> failed) {
            return ok.apply(answer);
        }
    }

    /** There is no answer for this key. */
    record Failed<T>(QuorateException failure) implements Outcome<T> {
        @Override
        public <R> R match(Function<Versioned<T>, R> ok, Function<QuorateException, R> failed) {
            return failed.apply(failure);
        }
    }
}
