package dev.quorate.sdk;

import dev.quorate.sdk.transport.NodeConnection;
import java.util.ArrayList;
import java.util.List;

/** One address that the client knows, and what it thinks of it. Confined to the client's loop. */
final class Node {
    final NodeConnection connection;

    /** From the topology; empty for a seed that no topology has named. */
    String id = "";

    /** Requests went unanswered while nothing else came: others are asked first until it answers a probe. */
    boolean suspect;

    boolean probing;

    /** Belongs to another cluster, which has been logged. */
    boolean refusedBefore;

    /** Writes that may have been applied here and wait to see at which boot the node comes back. */
    final List<Call<?>> awaitingReturn = new ArrayList<>(0);

    Node(NodeConnection connection) {
        this.connection = connection;
    }

    String idOrGreeted() {
        return id.isEmpty() ? connection.node() : id;
    }

    @Override
    public String toString() {
        String name = idOrGreeted();
        return name.isEmpty() ? connection.address() : name + " " + connection.address();
    }
}
