package dev.quorate.core.version;

import dev.quorate.core.model.Check;

/**
 * Who mints dots: one start of one node. A boot number is never used twice, so a node that lost data and came back is another
 * actor and cannot mint a dot that somebody has already seen.
 *
 * @param cluster the ring's number among linked rings
 * @param node    the node's number in its ring
 * @param boot    unsigned: the start number in the high half, random bits in the low half
 */
public record Actor(int cluster, int node, long boot) implements Comparable<Actor> {
    public Actor {
        Check.argument(cluster >= 0, "cluster number %s is negative", cluster);
        Check.argument(node > 0, "node number %s is not positive", node);
    }

    @Override
    public int compareTo(Actor other) {
        if (cluster != other.cluster) {
            return cluster < other.cluster ? -1 : 1;
        }
        if (node != other.node) {
            return node < other.node ? -1 : 1;
        }
        return Long.compareUnsigned(boot, other.boot);
    }

    /** {@code cluster.node.boot}, the boot in hexadecimal. */
    @Override
    public String toString() {
        return cluster + "." + node + "." + Long.toHexString(boot);
    }
}
