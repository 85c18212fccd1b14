package dev.quorate.core.ring;

import dev.quorate.core.model.NodeId;

/**
 * Highest random weight: ranks nodes for a slot so that every node computes the same order without agreement, and a
 * node that appears or vanishes leaves the order of the others alone.
 */
final class Rendezvous {
    private Rendezvous() {}

    /** Larger is preferred; a node comes first for a share of the slots in proportion to its weight. */
    static double score(int slot, Member member) {
        double uniform = ((hash(slot, member.id()) >>> 11) + 0.5) * 0x1.0p-53;
        // Strict: every machine must agree on the last bit.
        return -member.weight() / StrictMath.log(uniform);
    }

    static long hash(int slot, NodeId node) {
        long spreadSlot = mix((slot + 1) * 0x9e3779b97f4a7c15L);
        return mix(spreadSlot ^ (node.number() * 0xc2b2ae3d27d4eb4fL + 0x165667b19e3779f9L));
    }

    /** The finaliser of splitmix64. */
    private static long mix(long value) {
        long z = (value ^ (value >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}
