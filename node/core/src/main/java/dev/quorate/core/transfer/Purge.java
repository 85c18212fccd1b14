package dev.quorate.core.transfer;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.runtime.Watched;
import dev.quorate.core.storage.Lookup;
import dev.quorate.core.storage.Storage;
import dev.quorate.core.storage.Table;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/**
 * Clears a slot that is another's of all that is kept for nobody else, page by page. Pushes nothing anywhere: who took the slot had everything
 * before. Confined to the event loop.
 */
final class Purge {
    private static final Duration WHILE_REFUSED = Duration.ofSeconds(1);

    private final Surroundings node;
    private final int slot;
    private final boolean toReceive;
    private final Metrics.Counter purged;
    private final Consumer<Purge> over;
    private boolean stopped;
    private boolean missed;
    private boolean ended;
    private int underWay;

    /**
     * @param toReceive the slot is to be received afterwards
     * @param over told once, when nothing is under way any more
     */
    Purge(Surroundings node, int slot, boolean toReceive, Metrics.Counter purged, Consumer<Purge> over) {
        this.node = node;
        this.slot = slot;
        this.toReceive = toReceive;
        this.purged = purged;
        this.over = over;
    }

    /** The keys of a slot in the table of records. */
    static Storage.KeyRange keysOf(int slot, RingState ring) {
        int log2Slots = ring.table().log2Slots();
        KeyHash from = new KeyHash(log2Slots == 0 ? 0 : (long) slot << Long.SIZE - log2Slots, 0);
        boolean last = slot + 1 == ring.table().slots();
        return new Storage.KeyRange(
                from.toBytes(), last ? null : new KeyHash((long) (slot + 1) << Long.SIZE - log2Slots, 0).toBytes());
    }

    int slot() {
        return slot;
    }

    boolean isToReceive() {
        return toReceive;
    }

    /** Whether it went through the whole slot. */
    boolean isComplete() {
        return ended && !stopped && !missed;
    }

    void start() {
        page(keysOf(slot, node.ring().state()));
    }

    /** Removes nothing from now on: the slot comes back. */
    void stop() {
        if (node.rules().purgeGivesWay()) {
            stopped = true;
        }
    }

    private void page(Storage.KeyRange range) {
        if (stopped) {
            end();
            return;
        }
        if (node.storage().refusal(Storage.WriteKind.CLIENT_DELETE) != null) {
            node.wheel().after(WHILE_REFUSED, () -> page(range));
            return;
        }
        Storage.ScanBudget budget = new Storage.ScanBudget(node.config().purgePage(), 1 << 20);
        Watched.whenComplete(node.storage().scan(Table.DATA, range, budget), node.loop(), (page, failure) -> {
            if (page == null) {
                missed = true;
                end();
                return;
            }
            underWay = 1;
            for (Storage.Entry entry : page.entries()) {
                underWay++;
                KeyHash hash = KeyHash.fromBytes(entry.key());
                boolean accepted = node.records().update(hash, lookup -> {
                    remove(hash, lookup);
                    passed(range, page);
                });
                if (!accepted) {
                    missed = true;
                    passed(range, page);
                }
            }
            passed(range, page);
        });
    }

    private void passed(Storage.KeyRange range, Storage.Page page) {
        underWay--;
        if (underWay > 0) {
            return;
        }
        Bytes last = page.resumeAfter();
        if (last == null) {
            end();
        } else {
            node.wheel().after(node.config().purgePause(), () -> page(range.after(last)));
        }
    }

    private void remove(KeyHash hash, Lookup lookup) {
        // Asked again: the record may have come back while this waited for its turn.
        if (stopped) {
            return;
        }
        if (lookup instanceof Lookup.Found found && node.rules().mayPurge(found.record())) {
            count(node.records().remove(hash, found.record()));
        } else if (lookup instanceof Lookup.Damaged) {
            count(node.records().replaceDamaged(hash, null));
        }
    }

    private void count(CompletionStage<Storage.Durable> durable) {
        // A failed log ends the process.
        Watched.whenComplete(durable, node.loop(), (done, failure) -> {
            if (failure == null) {
                purged.increment();
            }
        });
    }

    private void end() {
        ended = true;
        over.accept(this);
    }
}
