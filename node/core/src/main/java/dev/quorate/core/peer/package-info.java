/** What nodes say to each other, and the port that carries it. */
@NullMarked
package dev.quorate.core.peer;

import org.jspecify.annotations.NullMarked;
