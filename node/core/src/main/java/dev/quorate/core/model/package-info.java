/** Plain values that every other package speaks of: bytes, keys, nodes. */
@NullMarked
package dev.quorate.core.model;

import org.jspecify.annotations.NullMarked;
