package dev.quorate.core.replication;

import dev.quorate.core.model.Check;
import java.time.Duration;

/**
 * Limits of coordination.
 *
 * @param defaultTimeout for a call without a deadline
 * @param maxTimeout longer deadlines are cut to this
 * @param hedgeAfter a read that waits this long asks one more owner
 * @param hedgeBudget share of reads that may be hedged, 0 to 1
 * @param compareProbability share of reads that compare the owners that were not asked, after the answer, 0 to 1
 * @param repairsPerSecond bound on read repairs pushed
 * @param standInAfter a sloppy write that waits this long for an owner asks another node to stand in for it
 * @param hintBytesPerOwner what a node keeps for one owner that is away, at most
 * @param maxRecordBytes key and value together
 * @param maxSiblings a client's put that would leave more is refused
 */
public record ReplicationConfig(
        Duration defaultTimeout,
        Duration maxTimeout,
        Duration hedgeAfter,
        double hedgeBudget,
        double compareProbability,
        int repairsPerSecond,
        Duration standInAfter,
        long hintBytesPerOwner,
        int maxRecordBytes,
        int maxSiblings) {
    public static final ReplicationConfig DEFAULTS = new ReplicationConfig(
            Duration.ofSeconds(2),
            Duration.ofSeconds(30),
            Duration.ofMillis(20),
            0.05,
            0.1,
            1000,
            Duration.ofMillis(100),
            8L << 30,
            10 * 1024,
            32);

    public ReplicationConfig {
        Check.argument(
                !defaultTimeout.isNegative() && !defaultTimeout.isZero(),
                "defaultTimeout %s is not positive",
                defaultTimeout);
        Check.argument(
                maxTimeout.compareTo(defaultTimeout) >= 0,
                "maxTimeout %s is below defaultTimeout %s",
                maxTimeout,
                defaultTimeout);
        Check.argument(!hedgeAfter.isNegative() && !hedgeAfter.isZero(), "hedgeAfter %s is not positive", hedgeAfter);
        Check.argument(hedgeBudget >= 0 && hedgeBudget <= 1, "hedgeBudget %s is not 0 to 1", hedgeBudget);
        Check.argument(
                compareProbability >= 0 && compareProbability <= 1,
                "compareProbability %s is not 0 to 1",
                compareProbability);
        Check.argument(repairsPerSecond >= 0, "repairsPerSecond %d is negative", repairsPerSecond);
        Check.argument(
                !standInAfter.isNegative() && !standInAfter.isZero(), "standInAfter %s is not positive", standInAfter);
        Check.argument(hintBytesPerOwner >= 0, "hintBytesPerOwner %d is negative", hintBytesPerOwner);
        Check.argument(
                maxRecordBytes >= 1 && maxRecordBytes <= 1 << 20,
                "maxRecordBytes %d is not 1 to 1048576",
                maxRecordBytes);
        Check.argument(maxSiblings >= 2, "maxSiblings %d is below 2", maxSiblings);
    }
}
