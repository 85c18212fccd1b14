/** Hinted handoff: what a node keeps for an owner, it hands over when the owner is back, as fast as the owner lets it. */
@NullMarked
package dev.quorate.core.handoff;

import org.jspecify.annotations.NullMarked;
