/** Who belongs to the ring and who can be reached. */
@NullMarked
package dev.quorate.core.membership;

import org.jspecify.annotations.NullMarked;
