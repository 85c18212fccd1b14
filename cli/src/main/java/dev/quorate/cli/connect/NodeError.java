package dev.quorate.cli.connect;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import com.google.rpc.Status;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a node says about an error inside a {@code google.rpc.Status}. */
public final class NodeError {
    private NodeError() {}

    /** One line: the node's message and its reason. */
    public static String describe(Status status) {
        ErrorInfo info = info(status);
        return info == null ? status.getMessage() : status.getMessage() + " [" + info.getReason() + "]";
    }

    /** The published reason; empty when the status did not come from a node's own code. */
    public static Optional<String> reason(Status status) {
        return Optional.ofNullable(info(status)).map(ErrorInfo::getReason);
    }

    static @Nullable ErrorInfo info(Status status) {
        for (Any detail : status.getDetailsList()) {
            if (detail.is(ErrorInfo.class)) {
                try {
                    return detail.unpack(ErrorInfo.class);
                } catch (InvalidProtocolBufferException e) {
                    // A detail that cannot be read says nothing; the status itself is still reported.
                    return null;
                }
            }
        }
        return null;
    }
}
