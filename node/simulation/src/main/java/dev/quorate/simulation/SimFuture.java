package dev.quorate.simulation;

import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A future of the simulation's ports that does not let what follows it fail in silence: an exception in core's reaction would otherwise
 * end up in a stage that nobody looks at.
 */
final class SimFuture<T extends @Nullable Object> extends CompletableFuture<T> {
    private final SimWorld world;

    SimFuture(SimWorld world) {
        this.world = world;
    }

    static <T extends @Nullable Object> SimFuture<T> completed(SimWorld world, @Nullable T value) {
        SimFuture<T> future = new SimFuture<>(world);
        future.complete(value);
        return future;
    }

    @Override
    public <U> CompletableFuture<U> newIncompleteFuture() {
        return new SimFuture<>(world);
    }

    private <R> R watched(Supplier<R> reaction) {
        try {
            return reaction.get();
        } catch (RuntimeException | AssertionError defect) {
            world.defect(defect);
            throw defect;
        }
    }

    private void watched(Runnable reaction) {
        try {
            reaction.run();
        } catch (RuntimeException | AssertionError defect) {
            world.defect(defect);
            throw defect;
        }
    }

    @Override
    public CompletableFuture<T> whenComplete(BiConsumer<? super T, ? super Throwable> action) {
        return super.whenComplete((value, failure) -> watched(() -> action.accept(value, failure)));
    }

    @Override
    public CompletableFuture<Void> thenAccept(Consumer<? super T> action) {
        return super.thenAccept(value -> watched(() -> action.accept(value)));
    }

    @Override
    public CompletableFuture<Void> thenRun(Runnable action) {
        return super.thenRun(() -> watched(action));
    }

    @Override
    public <U> CompletableFuture<U> thenApply(Function<? super T, ? extends U> function) {
        return super.thenApply(value -> this.<U>watched(() -> function.apply(value)));
    }
}
