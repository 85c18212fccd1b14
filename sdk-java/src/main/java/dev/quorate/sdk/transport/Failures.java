package dev.quorate.sdk.transport;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Reads what nodes and gRPC say about a failure. "UNAVAILABLE: io exception" helps nobody, so causes are unwrapped and steps named. */
final class Failures {
    static final String DOMAIN = "quorate.dev";

    private static final String STOPS = "NODE_DRAINING";

    private Failures() {}

    /** An error that a node answered, with its details. */
    static Failure answered(com.google.rpc.Status status, String node, String address, long boot) {
        String reason = "";
        Map<String, String> details = new LinkedHashMap<>();
        long retryAfterNanos = 0;
        for (Any detail : status.getDetailsList()) {
            try {
                if (detail.is(ErrorInfo.class)) {
                    ErrorInfo info = detail.unpack(ErrorInfo.class);
                    if (info.getDomain().equals(DOMAIN)) {
                        reason = info.getReason();
                    }
                    details.putAll(info.getMetadataMap());
                } else if (detail.is(RetryInfo.class)) {
                    var delay = detail.unpack(RetryInfo.class).getRetryDelay();
                    retryAfterNanos = TimeUnit.SECONDS.toNanos(delay.getSeconds()) + delay.getNanos();
                }
            } catch (InvalidProtocolBufferException malformed) {
                details.put("malformed_detail", detail.getTypeUrl() + ": " + malformed.getMessage());
            }
        }
        Status.Code code = Status.fromCodeValue(status.getCode()).getCode();
        String text = status.getMessage().isEmpty() ? code.name() : status.getMessage();
        if (reason.isEmpty()) {
            reason = reasonOf(code);
        }
        return new Failure(Failure.Kind.ANSWERED, node, address, boot, reason, text, details, retryAfterNanos, null);
    }

    /** No stream came about. A node that says why, for example that it is starting, is quoted; nothing of ours was sent in any case. */
    static Failure beforeGreeting(Status status, Metadata trailers, String node, String address) {
        com.google.rpc.Status details = StatusProto.fromStatusAndTrailers(status, trailers);
        if (details == null || details.getDetailsCount() == 0) {
            return Failure.local(Failure.Kind.NOT_CONNECTED, node, address, 0, explain(status), status.getCause());
        }
        Failure said = answered(details, node, address, 0);
        return new Failure(
                Failure.Kind.NOT_CONNECTED,
                node,
                address,
                0,
                said.reason(),
                said.text(),
                said.details(),
                said.retryAfterNanos(),
                null);
    }

    /**
     * An established stream ended. A node that stops ends its streams only after it has answered every operation that it took; so what has
     * no answer then was not begun, and the node's own words stand for each of them. After any other end nothing is known.
     */
    static Failure ofStream(Status status, Metadata trailers, String node, String address, long boot) {
        com.google.rpc.Status details = status.isOk() ? null : StatusProto.fromStatusAndTrailers(status, trailers);
        if (details != null) {
            Failure said = answered(details, node, address, boot);
            if (said.reason().equals(STOPS)) {
                return said;
            }
        }
        String text = status.isOk() ? "the node ended the stream" : "connection lost: " + explain(status);
        return Failure.local(Failure.Kind.LOST, node, address, boot, text, status.getCause());
    }

    /** A unary call that ended badly on a connection known to be good when it began: without the node's details it may have arrived. */
    static Failure ofCall(Status status, Metadata trailers, String node, String address, long boot) {
        com.google.rpc.Status details = StatusProto.fromStatusAndTrailers(status, trailers);
        if (details != null && details.getDetailsCount() > 0) {
            return answered(details, node, address, boot);
        }
        if (innermostCause(status) instanceof ConnectException) { // gRPC had to connect anew, and could not
            return Failure.local(Failure.Kind.NOT_CONNECTED, node, address, 0, explain(status), status.getCause());
        }
        return switch (status.getCode()) {
            case UNAVAILABLE, CANCELLED ->
                Failure.local(
                        Failure.Kind.LOST,
                        node,
                        address,
                        boot,
                        "connection lost: " + explain(status),
                        status.getCause());
            case DEADLINE_EXCEEDED ->
                Failure.local(Failure.Kind.SILENT, node, address, boot, "no answer before the deadline", null);
            default ->
                new Failure(
                        Failure.Kind.ANSWERED,
                        node,
                        address,
                        boot,
                        reasonOf(status.getCode()),
                        explain(status),
                        Map.of(),
                        0,
                        status.getCause());
        };
    }

    /** For a node that gave no reason of ours: a proxy, another server, or gRPC itself. */
    private static String reasonOf(Status.Code code) {
        return switch (code) {
            case DEADLINE_EXCEEDED -> "DEADLINE";
            case UNIMPLEMENTED -> "NOT_BUILT";
            case INTERNAL, UNKNOWN, DATA_LOSS -> "INTERNAL";
            default -> "";
        };
    }

    private static @Nullable Throwable innermostCause(Status status) {
        Throwable cause = status.getCause();
        while (cause != null && cause.getCause() != null && cause.getCause() != cause) {
            cause = cause.getCause();
        }
        return cause;
    }

    /** One line that names the step and the innermost cause. */
    static String explain(Status status) {
        Throwable cause = innermostCause(status);
        if (cause instanceof ConnectException) {
            return "connection refused";
        }
        if (cause instanceof UnknownHostException) {
            return "unknown host";
        }
        if (status.getCode() == Status.Code.UNIMPLEMENTED) {
            return "not a client port of a node (it does not offer quorate.kv.v1)";
        }
        if (status.getCode() == Status.Code.DEADLINE_EXCEEDED) {
            return "no answer in time";
        }
        String text = status.getDescription() == null ? status.getCode().name() : status.getDescription();
        if (cause == null || cause.getMessage() == null || text.contains(cause.getMessage())) {
            return text;
        }
        return text.equals("io exception") ? cause.getMessage() : text + ": " + cause.getMessage();
    }
}
