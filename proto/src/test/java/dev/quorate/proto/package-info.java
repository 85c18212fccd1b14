/** What the protocol must stay: readable, and understood by clients that were built yesterday. */
@NullMarked
package dev.quorate.proto;

import org.jspecify.annotations.NullMarked;
