/** The commit log: what makes a write durable. Segments on disk, one thread that writes and syncs, recovery. */
@NullMarked
package dev.quorate.server.log;

import org.jspecify.annotations.NullMarked;
