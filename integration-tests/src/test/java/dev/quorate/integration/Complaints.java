package dev.quorate.integration;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import dev.quorate.integration.Programs.Ended;
import dev.quorate.sdk.QuorateException;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import org.assertj.core.api.Assertions;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** What users are told when something is wrong: a reason for programs, words for people, never a stack trace. */
final class Complaints {
    /** A frame of a stack trace, or the class name that starts one. */
    private static final String TRACE =
            "(?s).*(\\n\\s+at [\\w.$/]+\\(|Exception in thread|java\\.lang\\.|io\\.grpc\\.).*";

    private Complaints() {}

    static QuorateException complaint(ThrowingCallable call) {
        Throwable thrown = Assertions.catchThrowable(call);
        assertThat(thrown).as("what the client throws").isInstanceOf(QuorateException.class);
        assertThat(thrown.getMessage()).as("words for people").isNotBlank().doesNotMatch(TRACE);
        return (QuorateException) thrown;
    }

    static QuorateException.Reason reason(ThrowingCallable call) {
        return complaint(call).reason();
    }

    /** Of a raw gRPC call, as any generated client sees it. */
    static String wireReason(ThrowingCallable call) throws InvalidProtocolBufferException {
        Throwable thrown = Assertions.catchThrowable(call);
        assertThat(thrown).as("what the stub throws").isInstanceOf(StatusRuntimeException.class);
        com.google.rpc.Status status = StatusProto.fromThrowable(thrown);
        assertThat(status).isNotNull();
        assertThat(status.getMessage()).isNotBlank().doesNotMatch(TRACE);
        for (Any detail : status.getDetailsList()) {
            if (detail.is(ErrorInfo.class)) {
                ErrorInfo info = detail.unpack(ErrorInfo.class);
                assertThat(info.getDomain()).isEqualTo("quorate.dev");
                return info.getReason();
            }
        }
        throw new AssertionError("no ErrorInfo in " + status);
    }

    /** Of a program. */
    static void assertComplains(Ended program, int exitCode, String... words) {
        assertThat(program.exitCode()).as("exit code of %s", program).isEqualTo(exitCode);
        assertThat(program.said()).as("said by %s", program).contains(words).doesNotMatch(TRACE);
    }
}
