/** The machine under the node: event loop, clocks, randomness, identity, log lines. */
@NullMarked
package dev.quorate.server.system;

import org.jspecify.annotations.NullMarked;
