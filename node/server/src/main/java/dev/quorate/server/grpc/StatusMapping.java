package dev.quorate.server.grpc;

import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import dev.quorate.core.peer.Failure;
import dev.quorate.proto.kv.v1.ErrorReason;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The one place where status codes are chosen, and where failures get words: what happened, the numbers, the next step. Programs
 * read the code, {@code ErrorInfo.reason} and its metadata; people read the message.
 */
final class StatusMapping {
    static final String DOMAIN = "quorate.dev";

    private static final String REASON_PREFIX = "ERROR_REASON_";

    /** How one kind of failure is told. {@code retryMillis} 0: no delay is suggested. {@code field}: the culprit of a bad request. */
    private record Form(Code code, int retryMillis, String field, String message) {}

    private StatusMapping() {}

    static Status of(Failure failure) {
        Form form = form(failure);
        return status(form, failure.kind().name(), failure.details());
    }

    static StatusRuntimeException exception(Failure failure) {
        return StatusProto.toStatusRuntimeException(of(failure));
    }

    /** For a defect of ours: the log has the rest under the operation id, nothing else leaves the node. */
    static Status internal(String operationId) {
        String message = "The node hit a defect of its own. Its log has the details under operation " + operationId
                + ". A write may or may not have been applied.";
        return status(new Form(Code.INTERNAL, 0, "", message), "INTERNAL", Map.of("operation", operationId));
    }

    /** A peer, or a node of another cluster that takes itself for one, is not who this node believes to talk to. */
    static Status clusterMismatch(String difference) {
        return status(new Form(Code.FAILED_PRECONDITION, 0, "", difference), "CLUSTER_MISMATCH", Map.of());
    }

    /** The first message of a peer stream must say who speaks. */
    static Status peerProtocolBroken(String how) {
        return status(new Form(Code.INVALID_ARGUMENT, 0, "greeting", how), "REQUEST_INVALID", Map.of());
    }

    /** A newer stream of the same peer took this one's place, or the node stops. */
    static Status streamEnded(String why) {
        return status(new Form(Code.UNAVAILABLE, 1, "", why), "NODE_DRAINING", Map.of());
    }

    static StatusRuntimeException exception(Status status) {
        return StatusProto.toStatusRuntimeException(status);
    }

    /** The published name of a reason. */
    static String nameOf(ErrorReason reason) {
        return reason.name().substring(REASON_PREFIX.length());
    }

    private static Form form(Failure failure) {
        Details d = new Details(failure.details());
        return switch (failure.kind()) {
            case QUORUM_NOT_MET ->
                unavailable(
                        200,
                        "Quorum not met: needed " + d.or("required", "more") + " replicas, got "
                                + d.or("acknowledged", "fewer") + d.in(" (", "nodes", ")")
                                + d.in(" of ", "replicas", "")
                                + d.in("; asked ", "node", "") + d.in(": ", "cause", "")
                                + ". A write is not rolled back and may still appear: read before you decide.");
            case NOT_ENOUGH_REPLICAS_ALIVE ->
                unavailable(
                        500,
                        "Not enough replicas alive: needed " + d.or("required", "more") + ", reachable are "
                                + d.or("alive", "fewer") + d.in(" of ", "replicas", "")
                                + d.in(" (not ", "unreachable", ")") + d.in("; ", "cause", "")
                                + ". Nothing was written. Ask for a smaller quorum, or wait for the nodes.");
            case NODE_DRAINING ->
                unavailable(
                        1, "Node" + d.in(" ", "node", "") + " is shutting down. Nothing was done: ask another node.");
            case NODE_STARTING ->
                unavailable(
                        200,
                        "Node" + d.in(" ", "node", "") + " is not ready" + d.in(": ", "cause", "")
                                + ". Nothing was done: ask another node, or this one a little later.");
            case OVERLOADED ->
                new Form(
                        Code.RESOURCE_EXHAUSTED,
                        100,
                        "",
                        "Overloaded" + d.in(" (", "node", ")") + d.in(": ", "cause", "")
                                + d.in(": ", "in_flight", " operations in flight")
                                + ". Nothing was done: try again after the delay in RetryInfo.");
            case BUCKET_NOT_FOUND ->
                new Form(
                        Code.NOT_FOUND,
                        0,
                        "",
                        "No bucket " + d.or("bucket", "of that name") + "; configured are " + d.or("buckets", "others")
                                + ".");
            case KEY_EMPTY -> invalid("key", "The key is empty; keys have 1 to 2048 bytes.");
            case KEY_TOO_LARGE ->
                invalid(
                        "key",
                        "The key has " + d.or("bytes", "too many") + " bytes, more than the limit of "
                                + d.or("limit", "2048") + ".");
            case VALUE_TOO_LARGE ->
                invalid(
                        "value",
                        "Key and value together have " + d.or("bytes", "too many") + " bytes, more than the limit of "
                                + d.or("limit", "this cluster") + " (setting replication.maxRecord).");
            case TOO_MANY_SIBLINGS ->
                new Form(
                        Code.ABORTED,
                        0,
                        "",
                        "The key would hold more than " + d.or("limit", "the limit of")
                                + " concurrent values. Read it, merge what you find, and write with the context of that read.");
            case CONTEXT_INVALID ->
                invalid(
                        "context",
                        "The context cannot be used" + d.in(": ", "cause", "")
                                + ". Read the key again and use the context of that answer.");
            case CONTEXT_REQUIRED ->
                invalid(
                        "context",
                        "This bucket refuses writes without a context. Read the key first, and pass its context; if it has none, because the key was never written, ask for if_absent.");
            case PRECONDITION_FAILED ->
                new Form(
                        Code.FAILED_PRECONDITION,
                        0,
                        "",
                        "if_absent was asked for, and the key holds " + d.or("siblings", "at least 1")
                                + " value(s). Nothing was written.");
            case QUORUM_INVALID -> invalid("options", "The quorum asked for cannot be met: " + d.all() + ".");
            case REQUEST_INVALID ->
                invalid(
                        d.or("field", "request"),
                        "The request is not valid: " + d.or("field", "request") + d.in(": ", "cause", "")
                                + d.in(" has ", "bytes", " bytes") + d.in(", limit ", "limit", "") + ".");
            case STORAGE_FULL ->
                new Form(
                        Code.RESOURCE_EXHAUSTED,
                        0,
                        "",
                        "The disk" + d.in(" of ", "node", "")
                                + " is nearly full. Nothing was written; reads and deletes go on. Free space or add nodes.");
            case RECORD_CORRUPT ->
                new Form(
                        Code.DATA_LOSS,
                        0,
                        "",
                        "Every replica that answered holds a damaged record" + d.in(" (", "nodes", ")")
                                + d.in(" (", "node", ")") + ". Their logs name the file.");
            case DEADLINE ->
                new Form(
                        Code.DEADLINE_EXCEEDED,
                        0,
                        "",
                        "The deadline passed" + d.in(" while waiting for ", "node", "") + d.in(": ", "cause", "")
                                + ". A write may or may not have been applied: retry with the same request id, or read first.");
        };
    }

    private static Form unavailable(int retryMillis, String message) {
        return new Form(Code.UNAVAILABLE, retryMillis, "", message);
    }

    private static Form invalid(String field, String message) {
        return new Form(Code.INVALID_ARGUMENT, 0, field, message);
    }

    private static Status status(Form form, String reason, Map<String, String> metadata) {
        Status.Builder status =
                Status.newBuilder().setCode(form.code().getNumber()).setMessage(form.message());
        status.addDetails(pack(ErrorInfo.newBuilder()
                .setReason(reason)
                .setDomain(DOMAIN)
                .putAllMetadata(metadata)
                .build()));
        if (form.retryMillis() > 0) {
            status.addDetails(pack(RetryInfo.newBuilder()
                    .setRetryDelay(Duration.newBuilder().setNanos(form.retryMillis() * 1_000_000))
                    .build()));
        }
        if (!form.field().isEmpty()) {
            status.addDetails(pack(BadRequest.newBuilder()
                    .addFieldViolations(BadRequest.FieldViolation.newBuilder()
                            .setField(form.field())
                            .setDescription(form.message())
                            .setReason(reason))
                    .build()));
        }
        return status.build();
    }

    private static Any pack(Message detail) {
        return Any.pack(detail);
    }

    /** Reads details that may be missing. */
    private record Details(SortedMap<String, String> values) {
        String or(String name, String otherwise) {
            return values.getOrDefault(name, otherwise);
        }

        String in(String before, String name, String after) {
            String value = values.getOrDefault(name, "");
            return value.isEmpty() ? "" : before + value + after;
        }

        String all() {
            return String.join(
                    ", ",
                    new TreeMap<>(values)
                            .entrySet().stream()
                                    .map(detail -> detail.getKey() + " is " + detail.getValue())
                                    .toList());
        }
    }
}
