package dev.quorate.core.peer;

import dev.quorate.core.model.Key;
import dev.quorate.core.version.VersionedObject;

/** What one node asks of another. Every kind may arrive twice, late or never. */
public sealed interface PeerRequest {
    Key key();

    /** Merge this into what you hold, and answer when it is durable. {@code repair} gives way to client traffic. */
    record Replicate(Key key, VersionedObject object, boolean repair) implements PeerRequest {}

    /** Send what you hold. */
    record Read(Key key) implements PeerRequest {}

    /** Coordinate this read: the sender is no owner. */
    record ForwardGet(GetCommand command) implements PeerRequest {
        @Override
        public Key key() {
            return command.key();
        }
    }

    /** Coordinate this write: the sender is no owner. */
    record ForwardWrite(WriteCommand command) implements PeerRequest {
        @Override
        public Key key() {
            return command.key();
        }
    }
}
