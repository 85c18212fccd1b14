package dev.quorate.core.runtime;

import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Reactions to stages whose own defects are seen. A {@link CompletionStage} keeps what its reaction throws for a dependent stage that
 * nobody looks at: the operation would never end and nobody would know why. Here it is thrown again as a task of the loop, where whoever
 * runs the loop ends the process.
 */
public final class Watched {
    private Watched() {}

    public static <T extends @Nullable Object> void whenComplete(
            CompletionStage<T> stage, EventLoop loop, BiConsumer<@Nullable T, @Nullable Throwable> reaction) {
        stage.whenComplete((value, failure) -> {
            try {
                reaction.accept(value, failure);
            } catch (RuntimeException | Error defect) {
                loop.execute(() -> {
                    throw defect;
                });
                throw defect;
            }
        });
    }
}
