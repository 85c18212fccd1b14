package dev.quorate.core.ring;

import dev.quorate.core.model.NodeId;
import org.jspecify.annotations.Nullable;

/** What an operator wants to change about one node. Without effect until a plan of all staged changes is committed. */
public sealed interface StagedChange {
    /** Give a node that joins its share of the slots. */
    record Join() implements StagedChange {}

    /** Take all its slots from a node that lives, and let it go. */
    record Leave() implements StagedChange {}

    /**
     * Take a dead node out; its replicas are made again from the other owners.
     *
     * @param by who gets its slots; null spreads them over all
     * @param unsafe also where too few other owners are left to be sure that no acknowledged write is missed
     */
    record Replace(@Nullable NodeId by, boolean unsafe) implements StagedChange {}

    /** Give it a share in proportion to this weight. */
    record Weight(double weight) implements StagedChange {}

    /** It stands in another rack, or on another host. */
    record Relabel(String datacenter, String rack, String host) implements StagedChange {}
}
