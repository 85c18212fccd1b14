/**
 * Who is in the ring and who owns what, as something that is agreed about and can be changed: a register whose value is a {@link
 * dev.quorate.core.ring.RingState}, plans that lead from one state to the next, and the passing on of what was decided.
 */
@NullMarked
package dev.quorate.core.topology;

import org.jspecify.annotations.NullMarked;
