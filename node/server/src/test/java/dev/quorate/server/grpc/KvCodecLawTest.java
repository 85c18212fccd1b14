package dev.quorate.server.grpc;

import static dev.quorate.core.Seeds.forEachSeed;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Failure;
import dev.quorate.core.peer.Mode;
import dev.quorate.core.peer.Report;
import dev.quorate.core.peer.Result;
import dev.quorate.core.replication.ClientAnswer;
import dev.quorate.core.replication.ClientGet;
import dev.quorate.core.replication.ClientWrite;
import dev.quorate.core.runtime.HybridClock;
import dev.quorate.core.version.Actor;
import dev.quorate.core.version.Dot;
import dev.quorate.core.version.Sibling;
import dev.quorate.proto.kv.v1.Consistency;
import dev.quorate.proto.kv.v1.DeleteRequest;
import dev.quorate.proto.kv.v1.GetRequest;
import dev.quorate.proto.kv.v1.GetResponse;
import dev.quorate.proto.kv.v1.PutRequest;
import dev.quorate.proto.kv.v1.ReadOptions;
import dev.quorate.proto.kv.v1.WriteOptions;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class KvCodecLawTest {
    @Test
    void everyFieldOfAGetArrives() {
        forEachSeed(500, seed -> {
            Random random = new Random(seed);
            ClientGet expected = new ClientGet(
                    "b" + random.nextInt(9),
                    anyBytes(random),
                    anyLevel(random),
                    anyCount(random),
                    anyCount(random),
                    anyMode(random));
            ReadOptions.Builder options = ReadOptions.newBuilder()
                    .setConsistencyValue(expected.consistency().ordinal())
                    .setModeValue(number(expected.mode()));
            expected.r().ifPresent(options::setR);
            expected.pr().ifPresent(options::setPr);

            GetRequest request = GetRequest.newBuilder()
                    .setBucket(expected.bucket())
                    .setKey(ProtoBytes.wrap(expected.key()))
                    .setOptions(options)
                    .build();

            assertThat(KvCodec.get(request)).isEqualTo(Result.of(expected));
        });
    }

    @Test
    void everyFieldOfAWriteArrives() {
        forEachSeed(500, seed -> {
            Random random = new Random(seed);
            boolean delete = random.nextBoolean();
            ClientWrite expected = new ClientWrite(
                    "b" + random.nextInt(9),
                    anyBytes(random),
                    delete ? null : anyBytes(random),
                    anyBytes(random),
                    anyLevel(random),
                    anyCount(random),
                    anyCount(random),
                    random.nextBoolean(),
                    random.nextBoolean(),
                    anyBytes(random),
                    random.nextInt(4),
                    anyMode(random));
            WriteOptions.Builder options = WriteOptions.newBuilder()
                    .setConsistencyValue(expected.consistency().ordinal())
                    .setReturnSiblings(expected.returnSiblings())
                    .setIfAbsent(expected.ifAbsent())
                    .setRequestId(ProtoBytes.wrap(expected.requestId()))
                    .setAttempt(expected.attempt())
                    .setModeValue(number(expected.mode()));
            expected.w().ifPresent(options::setW);
            expected.pw().ifPresent(options::setPw);

            Result<ClientWrite> decoded;
            if (delete) {
                decoded = KvCodec.delete(DeleteRequest.newBuilder()
                        .setBucket(expected.bucket())
                        .setKey(ProtoBytes.wrap(expected.key()))
                        .setContext(ProtoBytes.wrap(expected.contextToken()))
                        .setOptions(options)
                        .build());
            } else {
                decoded = KvCodec.put(PutRequest.newBuilder()
                        .setBucket(expected.bucket())
                        .setKey(ProtoBytes.wrap(expected.key()))
                        .setValue(ProtoBytes.wrap(expected.value()))
                        .setContext(ProtoBytes.wrap(expected.contextToken()))
                        .setOptions(options)
                        .build());
            }

            assertThat(decoded).isEqualTo(Result.of(expected));
        });
    }

    @Test
    void anEmptyBucketMeansTheDefaultOne() {
        Result<ClientGet> get = KvCodec.get(GetRequest.getDefaultInstance());

        assertThat(get.match(ClientGet::bucket, Failure::toString)).isEqualTo("default");
    }

    @Test
    void aCountBeyondTheSignedRangeStaysTooLarge() {
        GetRequest request = GetRequest.newBuilder()
                .setOptions(ReadOptions.newBuilder().setR(-1))
                .build();

        assertThat(KvCodec.get(request).match(ClientGet::r, failure -> OptionalInt.empty()))
                .hasValue(Integer.MAX_VALUE);
    }

    @Test
    void anUnknownLevelIsAnInvalidRequest() {
        PutRequest request = PutRequest.newBuilder()
                .setOptions(WriteOptions.newBuilder().setConsistencyValue(77))
                .build();

        assertThat(KvCodec.put(request).match(write -> null, Failure::kind)).isEqualTo(Failure.Kind.REQUEST_INVALID);
    }

    @Test
    void anUnknownModeIsAnInvalidRequest() {
        GetRequest request = GetRequest.newBuilder()
                .setOptions(ReadOptions.newBuilder().setModeValue(77))
                .build();

        assertThat(KvCodec.get(request).match(get -> null, Failure::kind)).isEqualTo(Failure.Kind.REQUEST_INVALID);
    }

    @Test
    void levelsAreNumberedAlikeOnBothSides() {
        for (dev.quorate.core.replication.Consistency level : dev.quorate.core.replication.Consistency.values()) {
            String name = level == dev.quorate.core.replication.Consistency.DEFAULT ? "UNSPECIFIED" : level.name();
            assertThat(Consistency.forNumber(level.ordinal())).hasToString("CONSISTENCY_" + name);
        }
    }

    @Test
    void anAnswerKeepsSiblingsContextAndReport() {
        Dot dot = new Dot(new Actor(1, 2, 0x10000004fL), 17);
        long time = HybridClock.ofMillis(1_700_000_000_123L) + 9;
        ClientAnswer answer = new ClientAnswer(
                List.of(new Sibling(dot, time, Sibling.Kind.VALUE, Bytes.utf8("v"))),
                Bytes.utf8("token"),
                new Report(new NodeId(2), List.of(new NodeId(2), new NodeId(3)), 2, 1, List.of(new NodeId(4))));

        GetResponse response = KvCodec.getResponse(answer);

        assertThat(response.getContext()).isEqualTo(ByteString.copyFromUtf8("token"));
        assertThat(response.getSiblings(0).getValue()).isEqualTo(ByteString.copyFromUtf8("v"));
        assertThat(Dot.parse(response.getSiblings(0).getVersionId())).isEqualTo(dot);
        assertThat(response.getSiblings(0).getUpdateTime().getSeconds()).isEqualTo(1_700_000_000L);
        assertThat(response.getSiblings(0).getUpdateTime().getNanos()).isEqualTo(123_000_000);
        assertThat(response.getReport().getCoordinator()).isEqualTo("n2");
        assertThat(response.getReport().getNodesList()).containsExactly("n2", "n3");
        assertThat(response.getReport().getAcknowledgements()).isEqualTo(2);
        assertThat(response.getReport().getPrimaries()).isEqualTo(1);
        assertThat(response.getReport().getFallbacks()).isEqualTo(1);
        assertThat(response.getReport().getHintedList()).containsExactly("n4");
        assertThat(response.getReport().getStrict()).isFalse();
        assertThat(response.getWeakNotFound()).isFalse();
        assertThat(KvCodec.putResponse(answer).getSiblingsList()).isEqualTo(response.getSiblingsList());
        assertThat(KvCodec.deleteResponse(answer).getReport()).isEqualTo(response.getReport());
    }

    @Test
    void aDeletionHasNoValue() {
        Dot dot = new Dot(new Actor(1, 1, 1), 1);
        Sibling tombstone = new Sibling(dot, 0, Sibling.Kind.TOMBSTONE, Bytes.EMPTY);
        Sibling empty = new Sibling(dot, 0, Sibling.Kind.VALUE, Bytes.EMPTY);

        assertThat(KvCodec.sibling(tombstone).hasValue()).isFalse();
        assertThat(KvCodec.sibling(empty).hasValue()).isTrue();
    }

    private static Bytes anyBytes(Random random) {
        byte[] bytes = new byte[random.nextInt(30)];
        random.nextBytes(bytes);
        return Bytes.owning(bytes);
    }

    private static dev.quorate.core.replication.Consistency anyLevel(Random random) {
        dev.quorate.core.replication.Consistency[] levels = dev.quorate.core.replication.Consistency.values();
        return levels[random.nextInt(levels.length)];
    }

    private static @Nullable Mode anyMode(Random random) {
        return random.nextInt(3) == 0 ? null : random.nextBoolean() ? Mode.STRICT : Mode.SLOPPY;
    }

    private static int number(@Nullable Mode mode) {
        return mode == null ? 0 : 1 + mode.ordinal();
    }

    private static OptionalInt anyCount(Random random) {
        return random.nextBoolean() ? OptionalInt.empty() : OptionalInt.of(random.nextInt(6));
    }
}
