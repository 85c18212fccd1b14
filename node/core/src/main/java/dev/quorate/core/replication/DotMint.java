package dev.quorate.core.replication;

import dev.quorate.core.runtime.BootSource;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.version.Actor;
import dev.quorate.core.version.CausalContext;
import dev.quorate.core.version.Dot;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Mints this node's dots: sequence numbers that strictly grow within a boot, and boots that never repeat (rules.md A2). */
final class DotMint {
    private final int cluster;
    private final int node;
    private final BootSource boots;
    private final SafetyRules rules;
    private final Metrics.Counter renewals;
    private Actor self;
    private long next;
    private @Nullable CompletionStage<Long> renewing;

    DotMint(int cluster, int node, BootSource boots, SafetyRules rules, Metrics metrics) {
        this.cluster = cluster;
        this.node = node;
        this.boots = boots;
        this.rules = rules;
        this.renewals =
                metrics.counter("boot_renewals_total", "New boot numbers taken because a dot was known already");
        this.self = new Actor(cluster, node, boots.current());
        this.next = rules.firstSequence(boots.current());
    }

    long boot() {
        return self.boot();
    }

    /** The dot the next {@link #mint} returns. */
    Dot peek() {
        return new Dot(self, next);
    }

    Dot mint() {
        return new Dot(self, next++);
    }

    /** Whether a client's context names dots of this boot that were never minted: a forgery, or a token of another life. */
    boolean neverMinted(CausalContext seen) {
        return seen.highest(self) >= next;
    }

    /** Takes another boot; writes wait for the stage, all of them for the same one. */
    CompletionStage<Long> renew() {
        return renewAbove(0);
    }

    /** The same, because others know this node by a start number up to this one. */
    CompletionStage<Long> renewAbove(long startNo) {
        if (renewing != null) {
            return renewing;
        }
        renewals.increment();
        CompletionStage<Long> renewal = boots.renewAbove(startNo).whenComplete((boot, failure) -> {
            renewing = null;
            if (failure == null) {
                self = new Actor(cluster, node, boot);
                next = rules.firstSequence(boot);
            }
        });
        renewing = renewal.toCompletableFuture().isDone() ? null : renewal;
        return renewal;
    }
}
