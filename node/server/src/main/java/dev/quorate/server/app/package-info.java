/** The node as a process: the command line, and the one place where both sides of every port are wired together. */
@NullMarked
package dev.quorate.server.app;

import org.jspecify.annotations.NullMarked;
