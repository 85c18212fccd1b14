package dev.quorate.cli.bench;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.quorate.proto.kv.v1.DeleteRequest;
import dev.quorate.proto.kv.v1.GetRequest;
import dev.quorate.proto.kv.v1.GetResponse;
import dev.quorate.proto.kv.v1.KvServiceGrpc;
import dev.quorate.proto.kv.v1.PutRequest;
import dev.quorate.proto.kv.v1.ReadOptions;
import dev.quorate.proto.kv.v1.WriteOptions;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Nodes, by one unary call per operation, each node in turn. */
final class UnaryTarget implements Target {
    private final UnaryClient client;
    private final String bucket;
    private final ByteString value;
    private final boolean missingIsFailure;
    private final ReadOptions reads;
    private final WriteOptions writes;

    /** @param missingIsFailure whether every key was written before and never deleted */
    UnaryTarget(
            List<String> nodes,
            Duration timeout,
            String bucket,
            byte[] value,
            boolean missingIsFailure,
            ReadOptions reads,
            WriteOptions writes) {
        client = new UnaryClient(nodes, timeout);
        this.bucket = bucket;
        this.value = ByteString.copyFrom(value);
        this.missingIsFailure = missingIsFailure;
        this.reads = reads;
        this.writes = writes;
    }

    @Override
    public void start(Operation operation, byte[] key, Completion completion) {
        ByteString keyBytes = UnsafeByteOperations.unsafeWrap(key);
        switch (operation) {
            case GET ->
                client.call(
                        KvServiceGrpc.getGetMethod(),
                        GetRequest.newBuilder()
                                .setBucket(bucket)
                                .setKey(keyBytes)
                                .setOptions(reads)
                                .build(),
                        this::check,
                        completion);
            case PUT ->
                client.call(
                        KvServiceGrpc.getPutMethod(),
                        PutRequest.newBuilder()
                                .setBucket(bucket)
                                .setKey(keyBytes)
                                .setValue(value)
                                .setOptions(writes)
                                .build(),
                        answer -> null,
                        completion);
            case DELETE ->
                client.call(
                        KvServiceGrpc.getDeleteMethod(),
                        DeleteRequest.newBuilder()
                                .setBucket(bucket)
                                .setKey(keyBytes)
                                .setOptions(writes)
                                .build(),
                        answer -> null,
                        completion);
        }
    }

    private @Nullable String check(GetResponse answer) {
        return missingIsFailure && answer.getSiblingsCount() == 0 ? "MISSING" : null;
    }

    @Override
    public void close() {
        client.close();
    }
}
