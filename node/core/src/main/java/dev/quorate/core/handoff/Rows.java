package dev.quorate.core.handoff;

import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.model.NodeId;
import java.util.List;

/** Where keys belong. */
public interface Rows {
    /** The owners of a key; none if nobody knows its bucket. */
    List<NodeId> owners(Key key, KeyHash hash);

    /** Whether the node is in the ring at all: what is kept for one that is not has to go to others. */
    boolean isMember(NodeId node);

    /** Whether this node has handed over all its slots and is about to leave: it waits for nobody who cannot be had. */
    boolean isLeaving();

    /** Whether this node is about to own the key: then what it holds of it stays, though it is no owner yet (rules.md A8). */
    boolean receives(Key key, KeyHash hash);

    /** Whether this node may own a key with this hash, whatever its bucket. */
    boolean mayOwn(KeyHash hash);
}
