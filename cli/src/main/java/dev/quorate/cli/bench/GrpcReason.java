package dev.quorate.cli.bench;

import dev.quorate.cli.connect.NodeError;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import org.jspecify.annotations.Nullable;

/** The word under which a failure is counted: the node's reason, or the status code where there is none. */
final class GrpcReason {
    private GrpcReason() {}

    static String of(Status status, @Nullable Metadata trailers) {
        return NodeError.reason(StatusProto.fromStatusAndTrailers(status, trailers))
                .orElseGet(() -> status.getCode().name());
    }
}
