package dev.quorate.core.antientropy;

import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.version.VersionedObject;
import java.util.function.Consumer;

/** What anti-entropy needs of replication. */
public interface Replicas {
    /** Whether that node is to hold the key. */
    boolean owns(NodeId node, Key key, KeyHash hash);

    /** Whether this node owns the slot or is being made an owner, so that what it holds says something about the slot. */
    boolean mayOwn(int slot);

    /** Merges into what this node holds. */
    void merge(Key key, KeyHash hash, VersionedObject object, Consumer<Merge> done);

    /** What became of a merge. */
    enum Merge {
        /** The result is on the disk. */
        DURABLE,
        /** Storage takes nothing now. */
        REFUSED,
        /** What is held cannot be read; it is being replaced by what peers hold. */
        DAMAGED
    }

    /** The request that makes a peer do the same. */
    PeerRequest.Replicate push(Key key, VersionedObject object);
}
