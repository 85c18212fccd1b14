package dev.quorate.core.handoff;

import dev.quorate.core.runtime.Metrics;

/** What happens to hints. */
record HandoffCounters(
        Metrics.Counter delivered,
        Metrics.Counter sentAgain,
        Metrics.Counter failed,
        Metrics.Counter rerouted,
        Metrics.Counter purged,
        Metrics.Counter lost,
        Metrics.Counter paused) {
    HandoffCounters(Metrics metrics) {
        this(
                metrics.counter("hints_delivered_total", "Hints that their owner acknowledged"),
                metrics.counter(
                        "hints_sent_again_total", "Hints whose object changed while an older one was being delivered"),
                metrics.counter("hints_failed_total", "Hints that were sent and not acknowledged"),
                metrics.counter(
                        "hints_rerouted_total",
                        "Hints given to other members of the row: the owner left it, or stayed away for too long"),
                metrics.counter("hints_purged_total", "Hints dropped because an operator said so"),
                metrics.counter("hints_lost_total", "Hints dropped because the record they stood for was damaged"),
                metrics.counter(
                        "hint_passes_paused_total",
                        "Times this node waited before it sent more hints because its own event loop was late"));
    }
}
