/** Where a key lives: keyed hash, slot table, allocator, preference list. */
@NullMarked
package dev.quorate.core.ring;

import org.jspecify.annotations.NullMarked;
