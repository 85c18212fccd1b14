package dev.quorate.core.storage;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.runtime.EventLoop;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/**
 * A table read to its end, however long it is: by way of the loop from page to page, so that others get their turn and a long table does not become
 * a deep stack.
 */
record WholeTable(
        Storage storage, EventLoop loop, Table table, Storage.ScanBudget page, Consumer<Storage.Entry> reader) {
    CompletionStage<Void> read() {
        return read(Storage.KeyRange.ALL);
    }

    private CompletionStage<Void> read(Storage.KeyRange range) {
        return storage.scan(table, range, page).thenCompose(found -> {
            found.entries().forEach(reader);
            Bytes last = found.resumeAfter();
            if (last == null) {
                return CompletableFuture.completedFuture(null);
            }
            CompletableFuture<Void> turn = new CompletableFuture<>();
            loop.execute(() -> turn.complete(null));
            return turn.thenCompose(begun -> read(range.after(last)));
        });
    }
}
