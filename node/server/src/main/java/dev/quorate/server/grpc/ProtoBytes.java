package dev.quorate.server.grpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.quorate.core.model.Bytes;

/** Between core's byte strings and protobuf's: no copy on the way out, one on the way in. */
final class ProtoBytes {
    private ProtoBytes() {}

    /** Shares the array: both sides are immutable. */
    static ByteString wrap(Bytes bytes) {
        return UnsafeByteOperations.unsafeWrap(bytes.unsafeArray());
    }

    static Bytes copyOf(ByteString bytes) {
        return Bytes.owning(bytes.toByteArray());
    }
}
