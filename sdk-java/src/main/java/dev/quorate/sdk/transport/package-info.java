/** How operations travel to one node: the only package that knows gRPC and Netty. Not part of the API. */
@NullMarked
package dev.quorate.sdk.transport;

import org.jspecify.annotations.NullMarked;
