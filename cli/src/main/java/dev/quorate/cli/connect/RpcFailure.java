package dev.quorate.cli.connect;

import com.google.rpc.ErrorInfo;
import dev.quorate.cli.connect.ClusterConnection.Effect;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.DurationConverter;
import dev.quorate.cli.terminal.ExitCode;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One node's failure to answer, in words: which step failed, why, and what to do. gRPC alone says "UNAVAILABLE: io
 * exception" for a dozen different mistakes.
 */
final class RpcFailure extends Exception {
    private static final long serialVersionUID = 1L;

    private final Endpoint endpoint;
    private final ExitCode exitCode;
    private final boolean nothingDone;
    private final @Nullable String nextStep;

    private RpcFailure(
            Endpoint endpoint,
            ExitCode exitCode,
            boolean nothingDone,
            String what,
            @Nullable String nextStep,
            @Nullable Throwable cause) {
        super(what, cause);
        this.endpoint = endpoint;
        this.exitCode = exitCode;
        this.nothingDone = nothingDone;
        this.nextStep = nextStep;
    }

    /** Whether another node may be asked without a risk of doing the work twice. */
    boolean nothingDone() {
        return nothingDone;
    }

    ExitCode exitCode() {
        return exitCode;
    }

    private String line() {
        return endpoint + ": " + getMessage();
    }

    static RpcFailure connectionNotAnswered(Endpoint endpoint, String patience) {
        return new RpcFailure(
                endpoint,
                ExitCode.CANNOT_CONNECT,
                true,
                "connect: no answer within " + patience
                        + " (a paused or hanging process, or a firewall that drops packets)",
                null,
                null);
    }

    /** @param connected whether the connection stood when the call began */
    static RpcFailure of(
            Endpoint endpoint, StatusRuntimeException e, Duration timeout, boolean connected, Effect effect) {
        ErrorInfo info = errorInfo(e);
        return info == null
                ? fromTransport(endpoint, e, timeout, connected, effect)
                : fromNode(endpoint, e, info, effect);
    }

    /** The node itself refused, and said why. */
    private static RpcFailure fromNode(Endpoint endpoint, StatusRuntimeException e, ErrorInfo info, Effect effect) {
        Status status = e.getStatus();
        String reason = info.getReason();
        boolean nothingDone = switch (reason) {
            case "NODE_STARTING", "NODE_DRAINING", "NOT_ENOUGH_REPLICAS_ALIVE" -> true;
            default -> false;
        };
        return new RpcFailure(
                endpoint,
                exitCode(status.getCode()),
                nothingDone,
                description(status) + " [" + reason + "]",
                nextStep(reason, effect),
                e);
    }

    private static @Nullable String nextStep(String reason, Effect effect) {
        return switch (reason) {
            case "QUORUM_NOT_MET" ->
                effect == Effect.WRITES
                        ? "the write is not rolled back: read the key before writing again, or ask fewer replicas with --w"
                        : "see who is missing: kvctl cluster status; or ask fewer replicas with --r";
            case "NOT_ENOUGH_REPLICAS_ALIVE" ->
                (effect == Effect.WRITES ? "nothing was written; " : "")
                        + "see who is missing: kvctl cluster status; or ask fewer replicas with -c one";
            case "TOO_MANY_SIBLINGS" -> "merge them first: kvctl key resolve KEY --value MERGED";
            case "CONTEXT_INVALID" -> "use the context of this very key, as get prints it with --context-only";
            case "CONTEXT_REQUIRED" -> "read first: kvctl get KEY --context-only, then put with --context";
            case "BUCKET_NOT_FOUND" -> "buckets are listed in each node's configuration file";
            case "OVERLOADED" -> "try again after a moment";
            case "STORAGE_FULL" -> "free or add disk space on that node; reads and deletes go on";
            case "DEADLINE" -> effect == Effect.READS ? "allow more time with --timeout" : doubt(effect);
            case "PLAN_STALE" -> "look at the plan as it is now: kvctl cluster plan; then commit it";
            case "VOTERS_UNAVAILABLE" ->
                "data is served all the same; see who is missing: kvctl cluster status. The change may still come into effect: kvctl"
                        + " cluster plan shows what is staged. When a majority of the voters is gone for good: kvctl cluster recover --help";
            case "NODE_NOT_FOUND" -> "see who is there: kvctl cluster status";
            default -> null;
        };
    }

    /** What to do when nobody knows whether it was done; null when that does not matter. */
    private static @Nullable String doubt(Effect effect) {
        return switch (effect) {
            case READS -> null;
            case WRITES -> "the write may or may not have been applied: read the key before writing again";
            case CHANGES ->
                "the change may or may not have been made: kvctl cluster plan shows what is staged, kvctl cluster ring what is";
        };
    }

    /** No word from the node: the transport's own account, told apart by step. */
    private static RpcFailure fromTransport(
            Endpoint endpoint, StatusRuntimeException e, Duration timeout, boolean connected, Effect effect) {
        Status status = e.getStatus();
        String doubt = doubt(effect);
        return switch (status.getCode()) {
            case UNAVAILABLE, INTERNAL -> unavailable(endpoint, e, connected, doubt);
            case DEADLINE_EXCEEDED ->
                new RpcFailure(
                        endpoint,
                        ExitCode.DEADLINE,
                        false,
                        "connected, but no answer within " + DurationConverter.text(timeout),
                        doubt == null ? "allow more time with --timeout, or ask another node with -e" : doubt,
                        e);
            case UNIMPLEMENTED ->
                new RpcFailure(
                        endpoint,
                        ExitCode.FAILURE,
                        false,
                        "a gRPC server answers there, but not with this service (" + description(status) + ")",
                        "check the port: clients use 7400 by default, peers 7401, administration 7402",
                        e);
            default ->
                new RpcFailure(
                        endpoint,
                        exitCode(status.getCode()),
                        false,
                        status.getCode() + ": " + description(status),
                        doubt,
                        e);
        };
    }

    /** INTERNAL too: that is how gRPC reports a server which answers the first bytes in another protocol. */
    private static RpcFailure unavailable(
            Endpoint endpoint, StatusRuntimeException e, boolean connected, @Nullable String doubt) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            String message = String.valueOf(cause.getMessage());
            if (cause instanceof ConnectException) {
                String why = message.toLowerCase(Locale.ROOT).contains("refused")
                        ? "connection refused (nothing listens there)"
                        : message;
                return notConnected(endpoint, "connect: " + why, null, e);
            }
            if (cause instanceof UnknownHostException) {
                return notConnected(endpoint, "connect: unknown host " + endpoint.host(), null, e);
            }
            // What a server of another kind says first, as Netty quotes it: a TLS alert, or the start of "HTTP/1.1".
            if (message.contains("Hex dump") && message.contains("1503")) {
                return notConnected(
                        endpoint, "connect: the server speaks TLS, kvctl of this version plaintext", null, e);
            }
            if (message.contains("Hex dump") && message.contains("48545450")) {
                return notConnected(endpoint, "connect: the server speaks HTTP/1, not gRPC", "check the port", e);
            }
        }
        if (!connected) {
            // Almost certainly nothing was sent. Not quite: it may have connected since we looked.
            return new RpcFailure(
                    endpoint,
                    ExitCode.CANNOT_CONNECT,
                    doubt == null,
                    "connect: the server closed the connection at once (" + description(e.getStatus()) + ")",
                    "check that a Quorate node listens there",
                    e);
        }
        if (e.getStatus().getCode() == Status.Code.INTERNAL) {
            return new RpcFailure(
                    endpoint, ExitCode.FAILURE, false, "INTERNAL: " + description(e.getStatus()), doubt, e);
        }
        return new RpcFailure(
                endpoint,
                ExitCode.UNAVAILABLE,
                doubt == null,
                "the connection broke before the answer came (" + description(e.getStatus()) + ")",
                doubt,
                e);
    }

    private static RpcFailure notConnected(Endpoint endpoint, String what, @Nullable String nextStep, Throwable cause) {
        return new RpcFailure(endpoint, ExitCode.CANNOT_CONNECT, true, what, nextStep, cause);
    }

    /** One message out of what every endpoint said; the last word decides the exit code unless nobody was reached. */
    static CommandFailure summary(List<RpcFailure> failures, Effect effect) {
        RpcFailure decisive = failures.stream()
                .filter(failure -> failure.exitCode != ExitCode.CANNOT_CONNECT)
                .reduce((first, second) -> second)
                .orElse(failures.get(failures.size() - 1));
        String nextStep = decisive.nextStep;
        if (nextStep == null && decisive.exitCode == ExitCode.CANNOT_CONNECT) {
            nextStep = "start a development cluster with 'kvctl dev up', see it with 'kvctl dev status', or name a node"
                    + " with -e HOST:PORT";
        }
        StringBuilder message = new StringBuilder();
        if (failures.size() == 1) {
            message.append(decisive.line());
        } else {
            message.append(
                    decisive.exitCode == ExitCode.CANNOT_CONNECT
                            ? "no node could be reached"
                            : switch (effect) {
                                case READS -> "the read failed";
                                case WRITES -> "the write failed";
                                case CHANGES -> "the change failed";
                            });
            failures.forEach(failure -> message.append("\n  ").append(failure.line()));
        }
        return new CommandFailure(decisive.exitCode, message.toString(), nextStep, decisive);
    }

    private static ExitCode exitCode(Status.Code code) {
        return switch (code) {
            case INVALID_ARGUMENT, OUT_OF_RANGE -> ExitCode.USAGE;
            case NOT_FOUND -> ExitCode.NOT_FOUND;
            case UNAVAILABLE, RESOURCE_EXHAUSTED -> ExitCode.UNAVAILABLE;
            case FAILED_PRECONDITION, ABORTED, ALREADY_EXISTS -> ExitCode.PRECONDITION;
            case PERMISSION_DENIED, UNAUTHENTICATED -> ExitCode.DENIED;
            case DEADLINE_EXCEEDED -> ExitCode.DEADLINE;
            default -> ExitCode.FAILURE;
        };
    }

    private static @Nullable ErrorInfo errorInfo(StatusRuntimeException e) {
        com.google.rpc.Status status = StatusProto.fromThrowable(e);
        return status == null ? null : NodeError.info(status);
    }

    private static String description(Status status) {
        String description = status.getDescription();
        return description == null ? status.getCode().toString() : description;
    }
}
