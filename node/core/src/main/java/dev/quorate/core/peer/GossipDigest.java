package dev.quorate.core.peer;

import dev.quorate.core.model.Check;
import java.util.Arrays;

/**
 * How far the sender knows each member: its heartbeat, and since when it says what it says. Three parallel arrays by ascending node
 * number, because a ring of a thousand nodes sends each of these four times a second; nobody writes to them after construction.
 */
public final class GossipDigest {
    private final int[] nodes;
    private final long[] heartbeats;
    private final long[] since;

    /** Takes the arrays without a copy. */
    public GossipDigest(int[] nodes, long[] heartbeats, long[] since) {
        Check.argument(
                nodes.length == heartbeats.length && nodes.length == since.length,
                "%d nodes, %d heartbeats, %d announcements",
                nodes.length,
                heartbeats.length,
                since.length);
        this.nodes = nodes;
        this.heartbeats = heartbeats;
        this.since = since;
    }

    public int size() {
        return nodes.length;
    }

    public int node(int index) {
        return nodes[index];
    }

    public long heartbeat(int index) {
        return heartbeats[index];
    }

    public long since(int index) {
        return since[index];
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof GossipDigest digest
                && Arrays.equals(nodes, digest.nodes)
                && Arrays.equals(heartbeats, digest.heartbeats)
                && Arrays.equals(since, digest.since);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(nodes) * 31 + Arrays.hashCode(heartbeats);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("digest");
        for (int i = 0; i < nodes.length; i++) {
            text.append(" n").append(nodes[i]).append('@').append(Heartbeat.text(heartbeats[i]));
        }
        return text.toString();
    }
}
