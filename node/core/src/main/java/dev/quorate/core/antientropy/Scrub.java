package dev.quorate.core.antientropy;

import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.storage.LeafRebuild;
import dev.quorate.core.storage.LeafSums;
import dev.quorate.core.storage.Storage;
import java.time.Duration;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * Reads every record once in a while, slowly: bits that flip in what nobody reads would else be found when the last good copy is gone. What
 * fails its checksum is left out of its leaf, which then differs from the peers' and is repaired like any other difference. Suspect leaves go
 * first. Confined to the event loop.
 */
final class Scrub {
    /** So that a scrub in a hurry leaves the loop to others. */
    private static final Duration BETWEEN_LEAVES = Duration.ofMillis(20);

    private static final Duration IDLE = Duration.ofSeconds(1);

    private final Surroundings node;
    private final IntConsumer damagedLeaf;
    private final Metrics.Counter leaves;
    private final Metrics.Counter damaged;
    private long damagedRecords;
    private int position;
    private long accruedAt;
    // Leaves that may be passed by now.
    private double credit;

    /** @param damagedLeaf told about leaves with damaged records */
    Scrub(Surroundings node, IntConsumer damagedLeaf) {
        this.node = node;
        this.damagedLeaf = damagedLeaf;
        this.leaves = node.metrics().counter("scrub_leaves_total", "Leaves compared with their records by the scrub");
        this.damaged =
                node.metrics().counter("scrub_records_damaged_total", "Records with a bad checksum met by the scrub");
    }

    void begin() {
        // Not from the beginning again after every restart, and not all nodes in step.
        position = node.random().nextInt(LeafSums.LEAVES);
        accruedAt = node.clock().nanos();
        schedule(IDLE);
    }

    int position() {
        return position;
    }

    long damagedRecords() {
        return damagedRecords;
    }

    private void schedule(Duration delay) {
        node.wheel().after(delay, this::step);
    }

    private void step() {
        List<Integer> suspects = node.rebuild().suspects();
        boolean mayCorrect = node.storage().refusal(Storage.WriteKind.BACKGROUND) == null;
        if (!suspects.isEmpty() && mayCorrect) {
            // Any of them: the first may be written all the time.
            node.rebuild().rebuild(suspects.get(node.random().nextInt(suspects.size())), this::scrubbed);
            return;
        }
        long now = node.clock().nanos();
        credit += (double) (now - accruedAt) / node.config().scrubPeriod().toNanos() * LeafSums.LEAVES;
        credit = Math.min(credit, LeafSums.LEAVES);
        accruedAt = now;
        int leaf = node.tree().nextInUse(position);
        int passed = Math.floorMod(leaf - position, LeafSums.LEAVES) + 1;
        if (credit < passed) {
            schedule(IDLE);
            return;
        }
        credit -= passed;
        position = (leaf + 1) % LeafSums.LEAVES;
        node.rebuild().rebuild(leaf, result -> {
            if (result.damaged() > 0) {
                damagedLeaf.accept(leaf);
            }
            scrubbed(result);
        });
    }

    private void scrubbed(LeafRebuild.Result result) {
        leaves.increment();
        if (result.damaged() > 0) {
            damagedRecords += result.damaged();
            damaged.add(result.damaged());
        }
        schedule(result.outcome() == LeafRebuild.Outcome.POSTPONED ? IDLE : BETWEEN_LEAVES);
    }
}
