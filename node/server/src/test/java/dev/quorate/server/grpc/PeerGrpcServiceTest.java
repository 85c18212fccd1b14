package dev.quorate.server.grpc;

import static dev.quorate.server.grpc.PeerFixture.N1;
import static dev.quorate.server.grpc.PeerFixture.N2;
import static dev.quorate.server.grpc.PeerFixture.REQUEST;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Mode;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.peer.WriteCommand;
import dev.quorate.core.ring.CurrentRing;
import dev.quorate.core.ring.Member;
import dev.quorate.core.ring.NodeEntry;
import dev.quorate.core.ring.NodeStatus;
import dev.quorate.core.ring.RingEdit;
import dev.quorate.core.ring.RingState;
import dev.quorate.proto.peer.v1.ExchangeRequest;
import dev.quorate.proto.peer.v1.ExchangeResponse;
import dev.quorate.proto.peer.v1.PeerAnswer;
import dev.quorate.proto.peer.v1.PeerGreeting;
import dev.quorate.proto.peer.v1.PeerOperation;
import dev.quorate.proto.peer.v1.PeerRefusal;
import dev.quorate.proto.peer.v1.ReplicaServiceGrpc;
import dev.quorate.server.metrics.LoopMetrics;
import dev.quorate.server.system.NettyEventLoop;
import dev.quorate.server.system.SystemClock;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The called end of a peer stream, against a caller that does as the test says. */
class PeerGrpcServiceTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    private static final long MAX_BYTES = 4 << 20;

    private record Asked(NodeId from, PeerRequest request, Duration timeout, Consumer<PeerReply> answer) {}

    private final LinkedBlockingQueue<Throwable> defects = new LinkedBlockingQueue<>();
    private final NettyEventLoop loop = new NettyEventLoop("test", defects::add);
    private final LoopMetrics metrics = new LoopMetrics();
    private final LinkedBlockingQueue<Asked> asked = new LinkedBlockingQueue<>();
    private final LinkedBlockingQueue<String> ringVersions = new LinkedBlockingQueue<>();
    private final CurrentRing ring = new CurrentRing(PeerFixture.ring(2));
    private final PeerGrpcService service = new PeerGrpcService(
            PeerFixture.identity(N1, PeerFixture.CLUSTER, (byte) 0, ring),
            loop,
            new SystemClock(),
            (from, request, timeout, answer) -> {
                if (timeout.equals(Duration.ofMillis(666))) {
                    throw new IllegalStateException("planted");
                }
                asked.add(new Asked(from, request, timeout, answer));
            },
            (from, version) -> ringVersions.add(from + " " + version),
            () -> 42,
            new Defects("n1", () -> 1, metrics),
            MAX_BYTES,
            metrics);
    private Server server;
    private ManagedChannel channel;

    @BeforeEach
    void start() throws Exception {
        server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .bossEventLoopGroup(loop.group())
                .workerEventLoopGroup(loop.group())
                .channelType(loop.serverChannel())
                .directExecutor()
                .addService(service)
                .build()
                .start();
        channel = NettyChannelBuilder.forAddress(new InetSocketAddress("127.0.0.1", server.getPort()))
                .usePlaintext()
                .build();
    }

    @AfterEach
    void stop() throws Exception {
        channel.shutdownNow();
        server.shutdownNow();
        loop.stop();
        assertThat(defects).isEmpty();
    }

    @Test
    void answersGoBackUnderTheIdOfTheirRequest() throws Exception {
        Caller caller = new Caller();
        caller.greet();
        caller.out.onNext(ExchangeRequest.newBuilder()
                .addOperations(PeerCodec.operation(11, REQUEST, Duration.ofSeconds(3)))
                .addOperations(PeerCodec.operation(12, REQUEST, Duration.ofSeconds(3)))
                .build());
        Asked first = asked.poll(20, TimeUnit.SECONDS);
        Asked second = asked.poll(20, TimeUnit.SECONDS);
        assertThat(first.from()).isEqualTo(N2);
        assertThat(first.request()).isEqualTo(REQUEST);
        assertThat(first.timeout()).isEqualTo(Duration.ofSeconds(3));

        loop.execute(() -> {
            second.answer().accept(new PeerReply.ReadReply(null));
            first.answer().accept(PeerReply.Replicated.INSTANCE);
            // More than one answer to one request would be a defect; it must not reach the wire.
            first.answer().accept(PeerReply.Replicated.INSTANCE);
        });

        ExchangeResponse batch = caller.next();
        assertThat(batch.getAnswersList()).extracting(PeerAnswer::getId).containsExactly(12L, 11L);
        assertThat(batch.getLoad()).isEqualTo(42);
    }

    @Test
    void aProbeGetsASignOfLife() throws Exception {
        Caller caller = new Caller();
        caller.greet();

        caller.out.onNext(ExchangeRequest.getDefaultInstance());

        assertThat(caller.next())
                .isEqualTo(ExchangeResponse.newBuilder().setLoad(42).build());
    }

    @Test
    void whatCannotBeReadIsRefusedAndTheRestGoesOn() throws Exception {
        Caller caller = new Caller();
        caller.greet();

        caller.out.onNext(ExchangeRequest.newBuilder()
                .addOperations(PeerOperation.newBuilder().setId(5).setTimeoutMicros(1000))
                .build());

        PeerAnswer answer = caller.next().getAnswers(0);
        assertThat(answer.getId()).isEqualTo(5);
        assertThat(answer.getRefused()).isEqualTo(PeerRefusal.PEER_REFUSAL_MALFORMED);
    }

    @Test
    void aDefectLeavesItsRequestUnansweredAndTheStreamUp() throws Exception {
        Caller caller = new Caller();
        caller.greet();

        caller.out.onNext(ExchangeRequest.newBuilder()
                .addOperations(PeerCodec.operation(1, REQUEST, Duration.ofMillis(666)))
                .build());
        caller.out.onNext(ExchangeRequest.getDefaultInstance());

        assertThat(caller.next().getAnswersCount()).isZero();
        assertThat(loop.ask(LIMIT, () -> metrics.value("defects_total"))).isEqualTo(1);
    }

    @Test
    void aStreamThatDoesNotGreetIsEnded() throws Exception {
        Caller caller = new Caller();
        caller.out.onNext(ExchangeRequest.getDefaultInstance());

        assertThat(caller.ending().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    }

    @Test
    void strangersAreRefusedWithWhatDiffers() throws Exception {
        PeerGreeting right = PeerFixture.identity(N2).greetingTo(N1);
        assertThat(refusal(right.toBuilder().setClusterId("other"))).contains("cluster");
        assertThat(refusal(right.toBuilder().setNode(9))).contains("n9");
        assertThat(refusal(right.toBuilder().setNode(0))).contains("n0");
        assertThat(refusal(right.toBuilder().setNode(1))).contains("n1");
        assertThat(refusal(right.toBuilder().setExpectedNode(2))).contains("expects n2");
        assertThat(refusal(right.toBuilder().setProtocolVersion(1))).contains("version");
        assertThat(refusal(right.toBuilder().setSettingsDigest(1))).contains("hashSeed");
        assertThat(refusal(right.toBuilder().setRingDigest(1))).contains("replicas", "ring 1");
        assertThat(asked).isEmpty();
    }

    @Test
    void ringsMayDifferInTheirVersions() throws Exception {
        Caller ahead = new Caller();
        ahead.out.onNext(ExchangeRequest.newBuilder()
                .setGreeting(PeerFixture.identity(N2).greetingTo(N1).toBuilder()
                        .setRingVersion(7)
                        .setRingDigest(1))
                .build());
        assertThat(ahead.next().getGreeting().getRingVersion()).isEqualTo(1);
        assertThat(ringVersions.poll(20, TimeUnit.SECONDS)).isEqualTo("n2 7");
    }

    @Test
    void aStrangerWithALaterRingMayBeInItAndOneWithoutMayNot() throws Exception {
        PeerGreeting n3 =
                PeerFixture.identity(N2).greetingTo(N1).toBuilder().setNode(3).build();
        assertThat(refusal(n3.toBuilder())).contains("n3 is no other member");
        Caller joined = new Caller();
        joined.out.onNext(ExchangeRequest.newBuilder()
                .setGreeting(n3.toBuilder().setRingVersion(2))
                .build());
        assertThat(joined.next().getGreeting().getExpectedNode()).isEqualTo(3);
        assertThat(ringVersions.poll(20, TimeUnit.SECONDS)).isEqualTo("n3 2");
    }

    @ParameterizedTest
    @CsvSource({"LEFT, n2 has left this cluster", "REMOVED, n2 was removed from this cluster"})
    void nodesThatAreGoneAreRefusedByName(NodeStatus status, String words) throws Exception {
        RingState before = ring.state();
        RingEdit edit = before.edit();
        for (int slot = 0; slot < before.table().slots(); slot++) {
            edit.setOwner(slot, before.table().owners(slot).indexOf(N2), new NodeId(3));
        }
        edit.node(new NodeEntry(
                new Member(new NodeId(3), 1, "dc1", "r1", "h3"), "", "h3:1", "h3:2", "h3:3", NodeStatus.NORMAL));
        ring.adopt(edit.node(before.node(N2).with(status)).build());
        Caller caller = new Caller();
        caller.out.onNext(ExchangeRequest.newBuilder()
                .setGreeting(PeerFixture.identity(N2).greetingTo(N1))
                .build());
        StatusRuntimeException ending = caller.broken();
        assertThat(ending.getStatus().getDescription()).contains(words, "ring 2");
        assertThat(StatusMapping.reasonOf(ending)).isEqualTo("NODE_REMOVED");
    }

    private String refusal(PeerGreeting.Builder greeting) throws Exception {
        Caller caller = new Caller();
        caller.out.onNext(ExchangeRequest.newBuilder().setGreeting(greeting).build());
        Status status = caller.ending();
        assertThat(status.getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
        return status.getDescription();
    }

    @Test
    void aNewerStreamOfAPeerEndsTheOlder() throws Exception {
        Caller older = new Caller();
        older.greet();
        Caller newer = new Caller();
        newer.greet();

        assertThat(older.ending().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
        newer.out.onNext(ExchangeRequest.getDefaultInstance());
        assertThat(newer.next().getLoad()).isEqualTo(42);
    }

    @Test
    void workThatIsNotAnsweredIsBounded() throws Exception {
        Caller caller = new Caller();
        caller.greet();
        int batch = 1024;
        int batches = PeerStream.MAX_OPEN / batch + 5;
        for (int i = 0; i < batches; i++) {
            ExchangeRequest.Builder message = ExchangeRequest.newBuilder();
            for (int j = 0; j < batch; j++) {
                message.addOperations(PeerCodec.operation(i * batch + j, REQUEST, Duration.ofSeconds(60)));
            }
            caller.out.onNext(message.build());
        }

        await().atMost(LIMIT).until(() -> asked.size() >= PeerStream.MAX_OPEN);
        assertThat(loop.ask(LIMIT, asked::size)).isEqualTo(PeerStream.MAX_OPEN);

        loop.execute(() -> {
            for (Asked each : asked) {
                each.answer().accept(PeerReply.Replicated.INSTANCE);
            }
        });
        await("room again").atMost(LIMIT).until(() -> asked.size() == batches * batch);
    }

    @Test
    void bytesThatAreNotAnsweredAreBounded() throws Exception {
        Caller caller = new Caller();
        caller.greet();
        PeerRequest large = new PeerRequest.ForwardWrite(
                new WriteCommand(
                        new Key(1, Bytes.utf8("k")),
                        Bytes.owning(new byte[1 << 20]),
                        null,
                        1,
                        0,
                        false,
                        false,
                        Bytes.EMPTY,
                        1,
                        Mode.STRICT),
                1);
        for (int id = 1; id <= 20; id++) {
            caller.out.onNext(ExchangeRequest.newBuilder()
                    .addOperations(PeerCodec.operation(id, large, Duration.ofSeconds(60)))
                    .build());
        }

        await().atMost(LIMIT).until(() -> asked.size() >= 4);
        assertThat(loop.ask(LIMIT, asked::size)).isEqualTo(4);

        loop.execute(() -> asked.forEach(each -> each.answer().accept(PeerReply.Replicated.INSTANCE)));
        await("room again").atMost(LIMIT).until(() -> asked.size() == 8);
    }

    @Test
    void goodbyeEndsEveryStream() throws Exception {
        Caller caller = new Caller();
        caller.greet();

        loop.execute(service::endStreams);

        assertThat(caller.ending().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    }

    /** A raw stream. */
    private final class Caller implements StreamObserver<ExchangeResponse> {
        private final LinkedBlockingQueue<Object> events = new LinkedBlockingQueue<>();
        final StreamObserver<ExchangeRequest> out =
                ReplicaServiceGrpc.newStub(channel).exchange(this);

        void greet() throws Exception {
            out.onNext(ExchangeRequest.newBuilder()
                    .setGreeting(PeerFixture.identity(N2).greetingTo(N1))
                    .build());
            assertThat(next().getGreeting()).isEqualTo(PeerFixture.identity(N1).greetingTo(N2));
        }

        ExchangeResponse next() throws Exception {
            Object event = events.poll(20, TimeUnit.SECONDS);
            assertThat(event).isInstanceOf(ExchangeResponse.class);
            return (ExchangeResponse) event;
        }

        Status ending() throws Exception {
            return broken().getStatus();
        }

        StatusRuntimeException broken() throws Exception {
            Object event = events.poll(20, TimeUnit.SECONDS);
            assertThat(event).isInstanceOf(StatusRuntimeException.class);
            return (StatusRuntimeException) event;
        }

        @Override
        public void onNext(ExchangeResponse response) {
            events.add(response);
        }

        @Override
        public void onError(Throwable thrown) {
            events.add(thrown);
        }

        @Override
        public void onCompleted() {
            events.add("completed");
        }
    }
}
