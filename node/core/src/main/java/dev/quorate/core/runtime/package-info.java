/** What core needs from the world besides storage and peers: time, timers, randomness, the event loop. */
@NullMarked
package dev.quorate.core.runtime;

import org.jspecify.annotations.NullMarked;
