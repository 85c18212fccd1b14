package dev.quorate.cli;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import com.google.rpc.ErrorInfo;
import dev.quorate.proto.kv.v1.DeleteRequest;
import dev.quorate.proto.kv.v1.DeleteResponse;
import dev.quorate.proto.kv.v1.GetRequest;
import dev.quorate.proto.kv.v1.GetResponse;
import dev.quorate.proto.kv.v1.KvServiceGrpc;
import dev.quorate.proto.kv.v1.MultiGetRequest;
import dev.quorate.proto.kv.v1.MultiGetResponse;
import dev.quorate.proto.kv.v1.PutRequest;
import dev.quorate.proto.kv.v1.PutResponse;
import dev.quorate.proto.kv.v1.Report;
import dev.quorate.proto.kv.v1.Sibling;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * A server on a real socket that answers what the test says: what is tested is what kvctl makes of answers and of their
 * absence, connections included.
 */
final class FakeNode implements AutoCloseable {
    final List<GetRequest> gets = Collections.synchronizedList(new ArrayList<>());
    final List<PutRequest> puts = Collections.synchronizedList(new ArrayList<>());
    final List<DeleteRequest> deletes = Collections.synchronizedList(new ArrayList<>());
    volatile GetResponse found = GetResponse.getDefaultInstance();
    volatile StatusRuntimeException failure;
    volatile boolean silent;
    private final Server server;

    FakeNode() {
        try {
            server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                    .addService(new Keys())
                    .build()
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String endpoint() {
        return "127.0.0.1:" + server.getPort();
    }

    static Sibling sibling(String value, String version) {
        return Sibling.newBuilder()
                .setValue(ByteString.copyFromUtf8(value))
                .setVersionId(version)
                .setUpdateTime(Timestamp.newBuilder().setSeconds(1_700_000_000).setNanos(123_456_789))
                .build();
    }

    static Report report() {
        return Report.newBuilder()
                .setCoordinator("n1")
                .setAcknowledgements(2)
                .setPrimaries(2)
                .setStrict(true)
                .setRequired(2)
                .addNodes("n1")
                .addNodes("n3")
                .build();
    }

    static StatusRuntimeException refusal(Status.Code code, String reason, String message) {
        return StatusProto.toStatusRuntimeException(com.google.rpc.Status.newBuilder()
                .setCode(code.value())
                .setMessage(message)
                .addDetails(Any.pack(ErrorInfo.newBuilder()
                        .setDomain("quorate.dev")
                        .setReason(reason)
                        .build()))
                .build());
    }

    @Override
    public void close() {
        server.shutdownNow();
    }

    private final class Keys extends KvServiceGrpc.KvServiceImplBase {
        @Override
        public void get(GetRequest request, StreamObserver<GetResponse> answer) {
            gets.add(request);
            reply(answer, found);
        }

        @Override
        public void put(PutRequest request, StreamObserver<PutResponse> answer) {
            puts.add(request);
            reply(
                    answer,
                    PutResponse.newBuilder()
                            .setContext(ByteString.copyFromUtf8("after"))
                            .setReport(report())
                            .build());
        }

        @Override
        public void delete(DeleteRequest request, StreamObserver<DeleteResponse> answer) {
            deletes.add(request);
            reply(answer, DeleteResponse.newBuilder().setReport(report()).build());
        }

        @Override
        public void multiGet(MultiGetRequest request, StreamObserver<MultiGetResponse> answer) {
            // The last key first, as replicas may answer; a key named "broken" fails alone.
            for (int i = request.getKeysCount() - 1; i >= 0; i--) {
                MultiGetResponse.Builder outcome = MultiGetResponse.newBuilder().setIndex(i);
                if (request.getKeys(i).toStringUtf8().equals("broken")) {
                    outcome.setError(StatusProto.fromThrowable(
                            refusal(Status.Code.UNAVAILABLE, "QUORUM_NOT_MET", "1 of 2 replicas answered")));
                } else {
                    outcome.setResponse(found);
                }
                answer.onNext(outcome.build());
            }
            answer.onCompleted();
        }

        private <T> void reply(StreamObserver<T> answer, T response) {
            if (silent) {
                return;
            }
            if (failure != null) {
                answer.onError(failure);
                return;
            }
            answer.onNext(response);
            answer.onCompleted();
        }
    }
}
