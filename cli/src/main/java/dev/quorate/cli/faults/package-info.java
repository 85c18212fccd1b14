/** Breaks the links between nodes on this machine on purpose: a proxy for TCP connections that knows nothing of what they carry. */
@NullMarked
package dev.quorate.cli.faults;

import org.jspecify.annotations.NullMarked;
