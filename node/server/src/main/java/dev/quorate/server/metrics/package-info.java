/** Counting for the core, and its publication in the Prometheus text format. */
@NullMarked
package dev.quorate.server.metrics;

import org.jspecify.annotations.NullMarked;
