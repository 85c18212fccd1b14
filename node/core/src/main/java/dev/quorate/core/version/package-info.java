/** Interval dotted version vectors: what supersedes what, and how it is written down. */
@NullMarked
package dev.quorate.core.version;

import org.jspecify.annotations.NullMarked;
