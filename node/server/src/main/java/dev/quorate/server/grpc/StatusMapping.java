package dev.quorate.server.grpc;

import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import dev.quorate.core.peer.Failure;
import dev.quorate.core.topology.ChangeOutcome;
import dev.quorate.core.topology.Rejection;
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

    /** The other node was a member, and is none any more. */
    static Status nodeRemoved(String words) {
        return status(new Form(Code.FAILED_PRECONDITION, 0, "", words), "NODE_REMOVED", Map.of());
    }

    /** A node may not join. */
    static Status joinRefused(String words) {
        return status(new Form(Code.PERMISSION_DENIED, 0, "", words), "JOIN_REFUSED", Map.of());
    }

    /** Something in an operator's request, or in that of a node that joins, cannot be read. */
    static Status invalidRequest(String field, String why) {
        return of(Failure.of(Failure.Kind.REQUEST_INVALID).with("field", field).with("cause", why));
    }

    /** Why the ring was not changed. */
    static Status of(Rejection rejection) {
        Details d = new Details(rejection.details());
        String why = d.all().isEmpty() ? "" : " (" + d.all() + ")";
        Form form = switch (rejection.reason()) {
            case NO_VOTER_MAJORITY ->
                unavailable(
                        1000,
                        "No majority of the voters answers" + why
                                + ". Nothing was changed; data is served all the same. Try again when they are back.");
            case OVERLOADED ->
                new Form(
                        Code.RESOURCE_EXHAUSTED,
                        500,
                        "",
                        "Too many changes of the ring wait already. Nothing was changed: try again in a moment.");
            case VOTERS_FORGOT ->
                refused("A majority of the voters has lost what it agreed on" + why
                        + ". Only a recovery of the cluster helps.");
            case NODE_UNKNOWN ->
                new Form(Code.NOT_FOUND, 0, "", "There is no such node" + why + ". Nothing was changed.");
            case NODE_GONE ->
                refused("The node has left, or was removed" + why
                        + ". Its number is never used again: let it join with an empty" + " directory.");
            case CHANGE_NOT_APPLICABLE ->
                refused("The node as it is cannot be changed like that" + why + ". Nothing was changed.");
            case NOTHING_STAGED -> refused("Nothing is staged, so there is nothing to plan or commit.");
            case PLAN_STALE ->
                new Form(
                        Code.ABORTED,
                        0,
                        "",
                        "The ring or what is staged has changed since that plan" + why
                                + ". Nothing was changed: look at the plan as it is now, and commit that one.");
            case PLAN_IMPOSSIBLE ->
                refused("No placement obeys the limits" + why
                        + ". Nothing was changed: stage more nodes, or fewer that leave.");
            case TOO_FEW_SURVIVORS ->
                refused("Too few other owners are left to be sure that no acknowledged write is missed" + why
                        + ". Nothing was changed: start them again, or stage the replacement as unsafe.");
            case VOTERS_NEEDED ->
                refused("Without the nodes to be removed no majority of the voters would be left" + why
                        + ". Nothing was changed: remove fewer at a time, or let others vote first.");
            case MOVES_UNDER_WAY ->
                refused("Slots are on their way" + why + ". Nothing was changed: wait for them, or cancel them.");
            case MOVE_NOT_UNDER_WAY -> refused("That move is not under way" + why + ". Nothing was changed.");
            case MOVE_NOT_CANCELLABLE ->
                refused("A dead owner is replaced for good" + why
                        + ". Nothing was changed: replace its successor instead.");
            case NODE_NOT_DRAINED ->
                refused("The node still has something to give away" + why + ". Nothing was changed.");
            case TOO_MANY_SLOTS -> refused("The ring has as many slots as it may" + why + ". Nothing was changed.");
            case VOTERS_PRESENT ->
                refused("A majority of the voters answers" + why
                        + ", so there is nothing to recover. Nothing was changed.");
            case CONFIRMATION_WRONG ->
                refused("Those are not the words that name what is given up" + why + ". Nothing was changed.");
        };
        SortedMap<String, String> metadata = new TreeMap<>(rejection.details());
        metadata.put("rejection", rejection.reason().name());
        return status(form, reasonOf(rejection.reason()), metadata);
    }

    private static String reasonOf(Rejection.Reason reason) {
        return switch (reason) {
            case NO_VOTER_MAJORITY -> "VOTERS_UNAVAILABLE";
            case OVERLOADED -> "OVERLOADED";
            case NODE_UNKNOWN -> "NODE_NOT_FOUND";
            case NODE_GONE -> "NODE_REMOVED";
            case PLAN_STALE -> "PLAN_STALE";
            case VOTERS_FORGOT,
                    CHANGE_NOT_APPLICABLE,
                    NOTHING_STAGED,
                    PLAN_IMPOSSIBLE,
                    TOO_FEW_SURVIVORS,
                    VOTERS_NEEDED,
                    MOVES_UNDER_WAY,
                    MOVE_NOT_UNDER_WAY,
                    MOVE_NOT_CANCELLABLE,
                    NODE_NOT_DRAINED,
                    TOO_MANY_SLOTS,
                    VOTERS_PRESENT,
                    CONFIRMATION_WRONG -> "CHANGE_REFUSED";
        };
    }

    private static Form refused(String message) {
        return new Form(Code.FAILED_PRECONDITION, 0, "", message);
    }

    /** Nobody can say whether the ring was changed. */
    static Status of(ChangeOutcome.Unknown unknown) {
        Details d = new Details(unknown.because().details());
        String why = d.all().isEmpty() ? "" : " (" + d.all() + ")";
        Form form = unavailable(
                1000,
                "The voters were asked, and too few answered in time" + why
                        + ". The change may have been made, or may be made yet: look at the ring before asking again.");
        SortedMap<String, String> metadata = new TreeMap<>(unknown.because().details());
        metadata.put("outcome", "unknown");
        return status(form, "VOTERS_UNAVAILABLE", metadata);
    }

    /** The published reason of what another node said; empty if it gave none. */
    static String reasonOf(Throwable thrown) {
        Status status = StatusProto.fromThrowable(thrown);
        if (status == null) {
            return "";
        }
        for (Any detail : status.getDetailsList()) {
            if (detail.is(ErrorInfo.class)) {
                try {
                    return detail.unpack(ErrorInfo.class).getReason();
                } catch (InvalidProtocolBufferException malformed) {
                    return "";
                }
            }
        }
        return "";
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
