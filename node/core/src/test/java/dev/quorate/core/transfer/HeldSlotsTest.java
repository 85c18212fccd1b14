package dev.quorate.core.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.core.ManualStorage;
import dev.quorate.core.storage.WriteBatch;
import org.junit.jupiter.api.Test;

class HeldSlotsTest {
    private final ManualStorage storage = new ManualStorage();

    @Test
    void aFirstStartKnowsNothing() {
        assertThat(loaded(3)).isNull();
    }

    @Test
    void aRestartKnowsWhatWasHeld() {
        HeldSlots held = new HeldSlots(storage);
        assertThat(held.load(3).toCompletableFuture().join()).isFalse();
        assertThat(held.add(5)).isTrue();
        assertThat(held.add(5)).isFalse();
        held.add(0);
        held.add(7);
        held.remove(7);
        assertThat(storage.commit(held.store(new WriteBatch())).toCompletableFuture())
                .isCompleted();
        HeldSlots again = loaded(3);
        assertThat(again).isNotNull();
        assertThat(again.all().stream()).containsExactly(0, 5);
    }

    @Test
    void nothingHeldIsNotTheSameAsNothingKnown() {
        HeldSlots held = new HeldSlots(storage);
        assertThat(held.load(3).toCompletableFuture().join()).isFalse();
        assertThat(storage.commit(held.store(new WriteBatch())).toCompletableFuture())
                .isCompleted();
        HeldSlots again = loaded(3);
        assertThat(again).isNotNull();
        assertThat(again.all().stream()).isEmpty();
    }

    @Test
    void aHalfOfWhatWasHeldIsHeld() {
        HeldSlots held = new HeldSlots(storage);
        assertThat(held.load(3).toCompletableFuture().join()).isFalse();
        held.add(2);
        assertThat(storage.commit(held.store(new WriteBatch())).toCompletableFuture())
                .isCompleted();
        HeldSlots again = loaded(5);
        assertThat(again).isNotNull();
        assertThat(again.all().stream()).containsExactly(8, 9, 10, 11);
        held.cutInto(4);
        assertThat(held.all().stream()).containsExactly(4, 5);
    }

    /** Null if nothing was kept. */
    private @org.jspecify.annotations.Nullable HeldSlots loaded(int log2Slots) {
        HeldSlots held = new HeldSlots(storage);
        return held.load(log2Slots).toCompletableFuture().join() ? held : null;
    }
}
