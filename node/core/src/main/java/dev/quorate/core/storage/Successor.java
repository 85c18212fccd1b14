package dev.quorate.core.storage;

import dev.quorate.core.model.KeyHash;
import dev.quorate.core.storage.Storage.Durable;
import dev.quorate.core.version.StoredRecord;
import java.util.concurrent.CompletionStage;

/**
 * Somebody who takes records over from this node, and has to hold whatever this node acknowledges until then. Asked about every change of every
 * record while there is such a one; decides itself which of them are its.
 */
public interface Successor {
    /**
     * An object has changed.
     *
     * @param durable when the change is on this node's disk
     * @return when it may be acknowledged; fails when that will never be known
     */
    CompletionStage<Durable> changed(KeyHash hash, StoredRecord record, CompletionStage<Durable> durable);

    /** The same for what this node held already. */
    CompletionStage<Durable> unchanged(KeyHash hash, CompletionStage<Durable> durable);
}
