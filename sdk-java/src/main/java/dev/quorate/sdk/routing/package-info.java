/** Which node owns a key: plain values without I/O. Not part of the API. */
@NullMarked
package dev.quorate.sdk.routing;

import org.jspecify.annotations.NullMarked;
