/** Parts of a node measured alone. Those that need what is package-private stand in its package. */
@NullMarked
package dev.quorate.benchmarks;

import org.jspecify.annotations.NullMarked;
