/**
 * The Java client of Quorate. Everything public here is the API; {@code routing} and {@code transport} are its inside and may change
 * between versions. No gRPC or protobuf type appears in this package's public signatures.
 */
@NullMarked
package dev.quorate.sdk;

import org.jspecify.annotations.NullMarked;
