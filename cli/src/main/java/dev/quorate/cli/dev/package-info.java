/** A development cluster of real processes on this machine. */
@NullMarked
package dev.quorate.cli.dev;

import org.jspecify.annotations.NullMarked;
