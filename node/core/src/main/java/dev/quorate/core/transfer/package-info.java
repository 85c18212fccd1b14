/** Slots that change hands while they serve: the old owner hands over, the new one takes, and what is left over is cleared away. */
@NullMarked
package dev.quorate.core.transfer;

import org.jspecify.annotations.NullMarked;
