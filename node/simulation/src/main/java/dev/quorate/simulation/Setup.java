package dev.quorate.simulation;

import dev.quorate.core.peer.Mode;
import dev.quorate.core.replication.Bucket;

/**
 * What stays the same during one run: the cluster, its network, its disks and its clocks.
 *
 * @param n replicas of each key
 * @param r the bucket's read quorum
 * @param w the bucket's write quorum
 * @param log2Slots few slots, so that keys share owners
 * @param latencyNanos the usual time of a message from one node to another
 * @param inOrder whether messages of one direction keep their order
 * @param coldReads share of storage reads that complete late
 * @param skewMillis clocks are apart by up to this
 * @param drift clocks run faster or slower by up to this share
 * @param maxSiblings a put that would leave more is refused
 * @param chaosNanos faults and client operations end after this
 * @param lost a bit per machine: these are lost when everything else has ended, and the others must serve without them; 0 for none
 * @param readMode the bucket's
 * @param writeMode the bucket's
 * @param repair the bucket's
 * @param hintBytes what a node keeps for one owner that is away, at most
 * @param founders the first so many machines are members from the beginning; the others have been admitted, and may join
 * @param lostByCrash whether the lost machines are down; else they run, and nobody hears them
 */
public record Setup(
        long seed,
        int nodes,
        int n,
        int r,
        int w,
        int log2Slots,
        int keys,
        int clients,
        Bucket.BlindWrites blindWrites,
        long latencyNanos,
        boolean inOrder,
        long syncNanos,
        double coldReads,
        long coldNanos,
        long skewMillis,
        double drift,
        long hedgeNanos,
        double compareProbability,
        int maxSiblings,
        long chaosNanos,
        int lost,
        boolean lostByCrash,
        Mode readMode,
        Mode writeMode,
        Bucket.Repair repair,
        long hintBytes,
        int founders) {
    boolean isLost(int machine) {
        return (lost >> (machine - 1) & 1) == 1;
    }
}
