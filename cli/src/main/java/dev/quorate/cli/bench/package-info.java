/** Measures a cluster, and the ceiling beside it. */
@NullMarked
package dev.quorate.cli.bench;

import org.jspecify.annotations.NullMarked;
