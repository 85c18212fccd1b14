package dev.quorate.core.peer;

import java.util.function.Function;

/** What became of an operation: an answer, or a failure that a client is told in so many words. */
public sealed interface Result<A> {
    /** It reached its quorum. */
    record Answered<A>(A answer) implements Result<A> {
        @Override
        public <T> T match(Function<? super A, ? extends T> answered, Function<? super Failure, ? extends T> failed) {
            return answered.apply(answer);
        }
    }

    /** It did not. */
    record Failed<A>(Failure failure) implements Result<A> {
        @Override
        public <T> T match(Function<? super A, ? extends T> answered, Function<? super Failure, ? extends T> failed) {
            return failed.apply(failure);
        }
    }

    <T> T match(Function<? super A, ? extends T> answered, Function<? super Failure, ? extends T> failed);

    static <A> Result<A> of(A answer) {
        return new Answered<>(answer);
    }

    static <A> Result<A> failed(Failure failure) {
        return new Failed<>(failure);
    }
}
