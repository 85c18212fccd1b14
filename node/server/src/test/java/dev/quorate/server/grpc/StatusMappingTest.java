package dev.quorate.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.rpc.BadRequest;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import dev.quorate.core.peer.Failure;
import dev.quorate.core.topology.ChangeOutcome;
import dev.quorate.core.topology.Rejection;
import dev.quorate.proto.kv.v1.ErrorReason;
import io.grpc.protobuf.StatusProto;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class StatusMappingTest {
    /** The published table. A kind that is missing here fails {@link #theTableIsComplete}. */
    private static final Map<Failure.Kind, Code> CODES = new EnumMap<>(Map.ofEntries(
            Map.entry(Failure.Kind.QUORUM_NOT_MET, Code.UNAVAILABLE),
            Map.entry(Failure.Kind.NOT_ENOUGH_REPLICAS_ALIVE, Code.UNAVAILABLE),
            Map.entry(Failure.Kind.NODE_DRAINING, Code.UNAVAILABLE),
            Map.entry(Failure.Kind.NODE_STARTING, Code.UNAVAILABLE),
            Map.entry(Failure.Kind.OVERLOADED, Code.RESOURCE_EXHAUSTED),
            Map.entry(Failure.Kind.BUCKET_NOT_FOUND, Code.NOT_FOUND),
            Map.entry(Failure.Kind.KEY_EMPTY, Code.INVALID_ARGUMENT),
            Map.entry(Failure.Kind.KEY_TOO_LARGE, Code.INVALID_ARGUMENT),
            Map.entry(Failure.Kind.VALUE_TOO_LARGE, Code.INVALID_ARGUMENT),
            Map.entry(Failure.Kind.TOO_MANY_SIBLINGS, Code.ABORTED),
            Map.entry(Failure.Kind.CONTEXT_INVALID, Code.INVALID_ARGUMENT),
            Map.entry(Failure.Kind.CONTEXT_REQUIRED, Code.INVALID_ARGUMENT),
            Map.entry(Failure.Kind.PRECONDITION_FAILED, Code.FAILED_PRECONDITION),
            Map.entry(Failure.Kind.QUORUM_INVALID, Code.INVALID_ARGUMENT),
            Map.entry(Failure.Kind.REQUEST_INVALID, Code.INVALID_ARGUMENT),
            Map.entry(Failure.Kind.STORAGE_FULL, Code.RESOURCE_EXHAUSTED),
            Map.entry(Failure.Kind.RECORD_CORRUPT, Code.DATA_LOSS),
            Map.entry(Failure.Kind.DEADLINE, Code.DEADLINE_EXCEEDED)));

    /** Disk full passes only when somebody acts: a client that waited and tried again would make it worse. */
    private static final Set<Failure.Kind> NO_USE_WAITING = Set.of(Failure.Kind.STORAGE_FULL);

    @Test
    void theTableIsComplete() {
        assertThat(CODES).containsOnlyKeys(Failure.Kind.values());
    }

    @ParameterizedTest
    @EnumSource(Failure.Kind.class)
    void everyFailureHasACodeAReasonAndWords(Failure.Kind kind) throws Exception {
        Status status = StatusMapping.of(Failure.of(kind).with("node", "n2").with("required", 3));

        Code code = CODES.get(kind);
        assertThat(Code.forNumber(status.getCode())).isEqualTo(code);
        ErrorInfo info = detail(status, ErrorInfo.class).orElseThrow();
        assertThat(info.getReason()).isEqualTo(kind.name()).matches("[A-Z][A-Z0-9_]{0,62}");
        assertThat(info.getDomain()).isEqualTo("quorate.dev");
        assertThat(info.getMetadataMap()).containsEntry("node", "n2").containsEntry("required", "3");
        boolean mayWait = code == Code.UNAVAILABLE || code == Code.RESOURCE_EXHAUSTED;
        assertThat(detail(status, RetryInfo.class).isPresent()).isEqualTo(mayWait && !NO_USE_WAITING.contains(kind));
        assertThat(detail(status, BadRequest.class).isPresent()).isEqualTo(code == Code.INVALID_ARGUMENT);
        assertThat(status.getMessage()).endsWith(".").doesNotContain("null", "  ", "..");
    }

    @ParameterizedTest
    @EnumSource(Failure.Kind.class)
    void aFailureWithoutDetailsStillHasWords(Failure.Kind kind) {
        Status status = StatusMapping.of(Failure.of(kind));

        assertThat(status.getMessage()).hasSizeGreaterThan(20).endsWith(".").doesNotContain("null", "  ", "()");
    }

    @Test
    void everyReasonIsPublished() {
        Set<String> published = new TreeSet<>();
        for (ErrorReason reason : ErrorReason.values()) {
            if (reason != ErrorReason.UNRECOGNIZED) {
                published.add(StatusMapping.nameOf(reason));
            }
        }
        for (Failure.Kind kind : Failure.Kind.values()) {
            assertThat(published).contains(kind.name());
        }
        assertThat(published).contains("INTERNAL", "CLUSTER_MISMATCH", "JOIN_REFUSED", "NODE_REMOVED");
        for (Rejection.Reason reason : Rejection.Reason.values()) {
            Status status = StatusMapping.of(Rejection.of(reason));
            assertThat(published).contains(StatusMapping.reasonOf(StatusMapping.exception(status)));
        }
    }

    @ParameterizedTest
    @EnumSource(Rejection.Reason.class)
    void everyRejectionHasWordsAndItsName(Rejection.Reason reason) throws Exception {
        for (Rejection rejection :
                List.of(Rejection.of(reason), Rejection.of(reason).with("node", "n4"))) {
            Status status = StatusMapping.of(rejection);
            assertThat(status.getMessage())
                    .hasSizeGreaterThan(20)
                    .endsWith(".")
                    .doesNotContain("null", "  ", "..", "()");
            assertThat(detail(status, ErrorInfo.class).orElseThrow().getMetadataMap())
                    .containsEntry("rejection", reason.name());
        }
        assertThat(StatusMapping.of(Rejection.of(Rejection.Reason.PLAN_STALE)).getCode())
                .isEqualTo(Code.ABORTED.getNumber());
    }

    @Test
    void anUnknownOutcomeIsToldAsSuch() throws Exception {
        Status status = StatusMapping.of(new ChangeOutcome.Unknown(
                Rejection.of(Rejection.Reason.NO_VOTER_MAJORITY).with("voters", "n1,n2,n3")));
        assertThat(status.getCode()).isEqualTo(Code.UNAVAILABLE.getNumber());
        assertThat(status.getMessage()).contains("may have been made", "n1,n2,n3");
        assertThat(detail(status, ErrorInfo.class).orElseThrow().getMetadataMap())
                .containsEntry("outcome", "unknown");
    }

    @Test
    void messagesHoldTheNumbersAndTheNextStep() {
        assertThat(StatusMapping.of(Failure.of(Failure.Kind.QUORUM_NOT_MET)
                                .with("required", 2)
                                .with("acknowledged", 1)
                                .with("nodes", "n1")
                                .with("replicas", "n1,n2,n3"))
                        .getMessage())
                .isEqualTo("Quorum not met: needed 2 replicas, got 1 (n1) of n1,n2,n3."
                        + " A write is not rolled back and may still appear: read before you decide.");
        assertThat(StatusMapping.of(Failure.of(Failure.Kind.NOT_ENOUGH_REPLICAS_ALIVE)
                                .with("required", 2)
                                .with("alive", 1)
                                .with("replicas", "n1,n2,n3")
                                .with("unreachable", "n2: refused"))
                        .getMessage())
                .isEqualTo("Not enough replicas alive: needed 2, reachable are 1 of n1,n2,n3 (not n2: refused)."
                        + " Nothing was written. Ask for a smaller quorum, or wait for the nodes.");
    }

    @Test
    void aDefectTellsItsIdAndNothingElse() {
        Status status = StatusMapping.internal("n1-4f-7");

        assertThat(status.getCode()).isEqualTo(Code.INTERNAL.getNumber());
        assertThat(status.getMessage()).contains("n1-4f-7");
        assertThat(StatusProto.toStatusRuntimeException(status).getStatus().getCode())
                .isEqualTo(io.grpc.Status.Code.INTERNAL);
    }

    private static <T extends com.google.protobuf.Message> Optional<T> detail(Status status, Class<T> type)
            throws Exception {
        for (Any detail : status.getDetailsList()) {
            if (detail.is(type)) {
                return Optional.of(detail.unpack(type));
            }
        }
        return Optional.empty();
    }
}
