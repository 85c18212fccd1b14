package dev.quorate.server.grpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import dev.quorate.core.model.Bytes;
import dev.quorate.core.peer.Failure;
import dev.quorate.core.peer.Result;
import dev.quorate.core.replication.Bucket;
import dev.quorate.core.replication.ClientAnswer;
import dev.quorate.core.replication.ClientGet;
import dev.quorate.core.replication.ClientWrite;
import dev.quorate.core.runtime.HybridClock;
import dev.quorate.proto.kv.v1.Consistency;
import dev.quorate.proto.kv.v1.DeleteRequest;
import dev.quorate.proto.kv.v1.DeleteResponse;
import dev.quorate.proto.kv.v1.GetRequest;
import dev.quorate.proto.kv.v1.GetResponse;
import dev.quorate.proto.kv.v1.Mode;
import dev.quorate.proto.kv.v1.PutRequest;
import dev.quorate.proto.kv.v1.PutResponse;
import dev.quorate.proto.kv.v1.ReadOptions;
import dev.quorate.proto.kv.v1.Sibling;
import dev.quorate.proto.kv.v1.WriteOptions;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** Between the client API's messages and what core takes and answers. What core checks is not checked here. */
final class KvCodec {
    private KvCodec() {}

    static Result<ClientGet> get(GetRequest request) {
        return get(request.getBucket(), request.getKey(), request.getOptions());
    }

    /** One key of many. */
    static Result<ClientGet> get(String bucket, ByteString key, ReadOptions options) {
        dev.quorate.core.replication.Consistency consistency = consistency(options.getConsistency());
        if (consistency == null) {
            return Result.failed(unknownConsistency(options.getConsistencyValue()));
        }
        if (options.getMode() == Mode.UNRECOGNIZED) {
            return Result.failed(unknownMode(options.getModeValue()));
        }
        return Result.of(new ClientGet(
                bucketName(bucket),
                ProtoBytes.copyOf(key),
                consistency,
                count(options.hasR(), options.getR()),
                count(options.hasPr(), options.getPr()),
                mode(options.getMode())));
    }

    static Result<ClientWrite> put(PutRequest request) {
        return write(
                request.getBucket(),
                request.getKey(),
                ProtoBytes.copyOf(request.getValue()),
                request.getContext(),
                request.getOptions());
    }

    static Result<ClientWrite> delete(DeleteRequest request) {
        return write(request.getBucket(), request.getKey(), null, request.getContext(), request.getOptions());
    }

    private static Result<ClientWrite> write(
            String bucket, ByteString key, @Nullable Bytes value, ByteString context, WriteOptions options) {
        dev.quorate.core.replication.Consistency consistency = consistency(options.getConsistency());
        if (consistency == null) {
            return Result.failed(unknownConsistency(options.getConsistencyValue()));
        }
        if (options.getMode() == Mode.UNRECOGNIZED) {
            return Result.failed(unknownMode(options.getModeValue()));
        }
        return Result.of(new ClientWrite(
                bucketName(bucket),
                ProtoBytes.copyOf(key),
                value,
                ProtoBytes.copyOf(context),
                consistency,
                count(options.hasW(), options.getW()),
                count(options.hasPw(), options.getPw()),
                options.getReturnSiblings(),
                options.getIfAbsent(),
                ProtoBytes.copyOf(options.getRequestId()),
                // Unsigned on the wire; which of two billion attempts it is decides nothing.
                options.getAttempt() < 0 ? Integer.MAX_VALUE : options.getAttempt(),
                mode(options.getMode())));
    }

    static GetResponse getResponse(ClientAnswer answer) {
        GetResponse.Builder response = GetResponse.newBuilder()
                .setContext(ProtoBytes.wrap(answer.contextToken()))
                .setReport(ReportMessages.of(answer.report()))
                .setWeakNotFound(answer.siblings().isEmpty() && !answer.report().strict());
        for (dev.quorate.core.version.Sibling sibling : answer.siblings()) {
            response.addSiblings(sibling(sibling));
        }
        return response.build();
    }

    static PutResponse putResponse(ClientAnswer answer) {
        PutResponse.Builder response = PutResponse.newBuilder()
                .setContext(ProtoBytes.wrap(answer.contextToken()))
                .setReport(ReportMessages.of(answer.report()));
        for (dev.quorate.core.version.Sibling sibling : answer.siblings()) {
            response.addSiblings(sibling(sibling));
        }
        return response.build();
    }

    static DeleteResponse deleteResponse(ClientAnswer answer) {
        DeleteResponse.Builder response = DeleteResponse.newBuilder()
                .setContext(ProtoBytes.wrap(answer.contextToken()))
                .setReport(ReportMessages.of(answer.report()));
        for (dev.quorate.core.version.Sibling sibling : answer.siblings()) {
            response.addSiblings(sibling(sibling));
        }
        return response.build();
    }

    static Sibling sibling(dev.quorate.core.version.Sibling sibling) {
        long millis = HybridClock.millisOf(sibling.hybridTime());
        Sibling.Builder message = Sibling.newBuilder()
                .setVersionId(sibling.dot().toString())
                .setUpdateTime(Timestamp.newBuilder()
                        .setSeconds(Math.floorDiv(millis, 1000L))
                        .setNanos((int) Math.floorMod(millis, 1000L) * 1_000_000));
        return switch (sibling.kind()) {
            case VALUE -> message.setValue(ProtoBytes.wrap(sibling.value())).build();
            case TOMBSTONE -> message.build();
        };
    }

    static String bucketName(String written) {
        return written.isEmpty() ? Bucket.DEFAULT_NAME : written;
    }

    private static OptionalInt count(boolean present, int unsigned) {
        // A number beyond the signed range becomes the largest there is: refused like it, with the right name.
        return present ? OptionalInt.of(unsigned < 0 ? Integer.MAX_VALUE : unsigned) : OptionalInt.empty();
    }

    private static dev.quorate.core.replication.@Nullable Consistency consistency(Consistency level) {
        return switch (level) {
            case CONSISTENCY_UNSPECIFIED -> dev.quorate.core.replication.Consistency.DEFAULT;
            case CONSISTENCY_ONE -> dev.quorate.core.replication.Consistency.ONE;
            case CONSISTENCY_QUORUM -> dev.quorate.core.replication.Consistency.QUORUM;
            case CONSISTENCY_ALL -> dev.quorate.core.replication.Consistency.ALL;
            case UNRECOGNIZED -> null;
        };
    }

    /** Null leaves it to the bucket. */
    private static dev.quorate.core.peer.@Nullable Mode mode(Mode mode) {
        return switch (mode) {
            case MODE_UNSPECIFIED, UNRECOGNIZED -> null;
            case MODE_STRICT -> dev.quorate.core.peer.Mode.STRICT;
            case MODE_SLOPPY -> dev.quorate.core.peer.Mode.SLOPPY;
        };
    }

    private static Failure unknownMode(int number) {
        return Failure.of(Failure.Kind.REQUEST_INVALID)
                .with("field", "options.mode")
                .with("cause", "this node knows no mode " + number);
    }

    private static Failure unknownConsistency(int number) {
        return Failure.of(Failure.Kind.REQUEST_INVALID)
                .with("field", "options.consistency")
                .with("cause", "this node knows no level " + number);
    }
}
