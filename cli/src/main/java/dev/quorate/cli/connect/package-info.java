/** Talks to nodes by plain stubs, one call at a time, and says exactly what was tried when a call fails. */
@NullMarked
package dev.quorate.cli.connect;

import org.jspecify.annotations.NullMarked;
