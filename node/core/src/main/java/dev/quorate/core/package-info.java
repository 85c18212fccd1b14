/** A node's decisions, deterministic and confined to one event loop. {@link dev.quorate.core.NodeCore} wires them together. */
@NullMarked
package dev.quorate.core;

import org.jspecify.annotations.NullMarked;
