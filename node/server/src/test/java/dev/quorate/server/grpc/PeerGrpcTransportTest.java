package dev.quorate.server.grpc;

import static dev.quorate.server.grpc.PeerFixture.N1;
import static dev.quorate.server.grpc.PeerFixture.N2;
import static dev.quorate.server.grpc.PeerFixture.REQUEST;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerTransport;
import dev.quorate.proto.peer.v1.ExchangeRequest;
import dev.quorate.proto.peer.v1.ExchangeResponse;
import dev.quorate.proto.peer.v1.PeerAnswer;
import dev.quorate.proto.peer.v1.PeerGreeting;
import dev.quorate.proto.peer.v1.PeerOperation;
import dev.quorate.proto.peer.v1.ReplicaServiceGrpc;
import dev.quorate.server.metrics.LoopMetrics;
import dev.quorate.server.system.NettyEventLoop;
import dev.quorate.server.system.SystemClock;
import dev.quorate.server.system.SystemRandom;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The calling end of a peer stream, against a peer that does as the test says. */
class PeerGrpcTransportTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final Duration TIMEOUT = Duration.ofSeconds(1);
    private static final long QUEUE_BYTES = 1 << 20;

    private final LinkedBlockingQueue<Throwable> defects = new LinkedBlockingQueue<>();
    private final NettyEventLoop loop = new NettyEventLoop("test", defects::add);
    private final LoopMetrics metrics = new LoopMetrics();
    private final PeerFixture.Told told = new PeerFixture.Told();
    private final PeerGrpcTransport transport =
            new PeerGrpcTransport(loop, new SystemClock(), new SystemRandom(), QUEUE_BYTES, 8 << 20, metrics);
    private final FakePeer peer = new FakePeer();
    private Server server;

    @BeforeEach
    void start() throws Exception {
        server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .addService(peer)
                .build()
                .start();
    }

    @AfterEach
    void stop() throws Exception {
        onLoop(() -> {
            transport.stop();
            return true;
        });
        server.shutdownNow();
        loop.stop();
        assertThat(defects).isEmpty();
    }

    @Test
    void whatIsSentInOnePassTravelsInOneMessage() throws Exception {
        connect();
        long link = onLoop(() -> {
            long carrier = 0;
            for (int id = 1; id <= 100; id++) {
                carrier = transport.send(N2, id, REQUEST, TIMEOUT);
            }
            return carrier;
        });

        ExchangeRequest batch = peer.nextBatch();

        assertThat(batch.getOperationsList())
                .extracting(PeerOperation::getId)
                .hasSize(100)
                .startsWith(1L, 2L)
                .endsWith(100L);
        peer.out.onNext(ExchangeResponse.newBuilder()
                .addAnswers(PeerCodec.answer(7, PeerReply.Replicated.INSTANCE))
                .build());
        assertThat(told.events.poll(20, TimeUnit.SECONDS))
                .isEqualTo(new PeerFixture.Told.Reply(N2, link, 7, PeerReply.Replicated.INSTANCE));
    }

    @Test
    void aPeerIsFoundByAName() throws Exception {
        begin(InetSocketAddress.createUnresolved("localhost", server.getPort()));
        awaitReachable();
    }

    @Test
    void anAnswerThatCannotBeReadDoesNotHideTheOthers() throws Exception {
        connect();
        long link = onLoop(() -> transport.send(N2, 1, REQUEST, TIMEOUT));
        peer.out.onNext(ExchangeResponse.newBuilder()
                .addAnswers(PeerAnswer.newBuilder().setId(1))
                .addAnswers(PeerCodec.answer(2, PeerReply.Replicated.INSTANCE))
                .build());

        assertThat(told.events.poll(20, TimeUnit.SECONDS))
                .isEqualTo(new PeerFixture.Told.Reply(N2, link, 2, PeerReply.Replicated.INSTANCE));
    }

    @Test
    void aBrokenLinkIsToldAtOnceAndTheNextHasAnotherNumber() throws Exception {
        connect();
        long first = onLoop(() -> transport.send(N2, 1, REQUEST, TIMEOUT));

        peer.out.onError(Status.INTERNAL.withDescription("broken by the test").asRuntimeException());

        assertThat(told.events.poll(20, TimeUnit.SECONDS)).isEqualTo(new PeerFixture.Told.Lost(N2, first));
        awaitReachable();
        assertThat(onLoop(() -> transport.send(N2, 2, REQUEST, TIMEOUT))).isGreaterThan(first);
    }

    @Test
    void aPeerThatFallsSilentIsNotUsedUntilItSpeaksAgain() throws Exception {
        connect();
        peer.answersProbes = false;

        await().atMost(LIMIT).until(() -> !onLoop(() -> transport.reachable(N2)));
        assertThat(onLoop(() -> transport.unreachableBecause(N2))).contains("has said nothing for");
        assertThat(onLoop(() -> transport.send(N2, 1, REQUEST, TIMEOUT))).isEqualTo(PeerTransport.NOT_SENT);
        assertThat(told.events).as("the link stands").isEmpty();

        peer.answersProbes = true;
        awaitReachable();
    }

    @Test
    void whatAPeerDoesNotTakeIsBounded() throws Exception {
        peer.takesMessages = false;
        connect();

        int accepted = onLoop(() -> {
            int id = 0;
            while (id < 1_000_000 && transport.send(N2, id + 1, REQUEST, TIMEOUT) != PeerTransport.NOT_SENT) {
                id++;
            }
            return id;
        });

        int size = PeerCodec.operation(1, REQUEST, TIMEOUT).getSerializedSize();
        assertThat((long) accepted * size).isBetween(QUEUE_BYTES, QUEUE_BYTES + size);
        assertThat(onLoop(() -> metrics.value("peer_requests_refused_total"))).isEqualTo(1);
    }

    @Test
    void aPeerOfAnotherClusterIsRefusedInWords() throws Exception {
        peer.greeting = PeerFixture.identity(N2, "00000000-0000-4000-8000-000000000000", (byte) 0)
                .greetingTo(N1);
        begin(server.getPort());

        await().atMost(LIMIT)
                .until(() -> onLoop(() -> transport.unreachableBecause(N2))
                        .startsWith("CLUSTER_MISMATCH: node n1 belongs to cluster " + PeerFixture.CLUSTER));
        assertThat(onLoop(() -> transport.reachable(N2))).isFalse();
        assertThat(told.events).isEmpty();
    }

    @Test
    void theWrongNodeAtTheRightAddressIsRefused() throws Exception {
        peer.greeting =
                PeerFixture.identity(N2).greetingTo(N1).toBuilder().setNode(1).build();
        begin(server.getPort());

        await().atMost(LIMIT)
                .until(() -> onLoop(() -> transport.unreachableBecause(N2)).startsWith("CLUSTER_MISMATCH"));
    }

    @Test
    void whereNobodyListensTheAddressIsNamed() throws Exception {
        int free;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            free = socket.getLocalPort();
        }
        begin(free);

        await().atMost(LIMIT)
                .until(() -> onLoop(() -> transport.unreachableBecause(N2))
                        .equals("127.0.0.1:" + free + " refused the connection: no node listens there"));
    }

    @Test
    void aListenerThatNeverGreetsIsGivenUp() throws Exception {
        try (ServerSocket mute = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            begin(mute.getLocalPort());

            await().atMost(LIMIT)
                    .until(() -> onLoop(() -> transport.unreachableBecause(N2)).contains("does not greet"));
        }
    }

    @Test
    void whoIsNoMemberIsNotReachable() throws Exception {
        connect();

        assertThat(onLoop(() -> transport.reachable(N1))).isFalse();
        assertThat(onLoop(() -> transport.send(N1, 1, REQUEST, TIMEOUT))).isEqualTo(PeerTransport.NOT_SENT);
        assertThat(onLoop(() -> transport.unreachableBecause(N1))).contains("not a member");
    }

    @Test
    void peersComeAndGo() throws Exception {
        connect();
        assertThat(told.ringVersions.poll(20, TimeUnit.SECONDS)).isEqualTo(1);
        long link = onLoop(() -> transport.send(N2, 1, REQUEST, TIMEOUT));
        onLoop(() -> {
            transport.partFrom(N2);
            return true;
        });
        assertThat(told.events.poll(20, TimeUnit.SECONDS)).isEqualTo(new PeerFixture.Told.Lost(N2, link));
        assertThat(onLoop(() -> transport.unreachableBecause(N2))).contains("not a member");
        assertThat(onLoop(() -> transport.send(N2, 2, REQUEST, TIMEOUT))).isEqualTo(PeerTransport.NOT_SENT);

        onLoop(() -> {
            transport.meet(addresses(InetSocketAddress.createUnresolved("127.0.0.1", server.getPort())));
            return true;
        });
        awaitReachable();
        long again = onLoop(() -> transport.send(N2, 3, REQUEST, TIMEOUT));
        onLoop(() -> {
            transport.meet(addresses(InetSocketAddress.createUnresolved("127.0.0.1", 1)));
            return true;
        });
        assertThat(onLoop(() -> transport.send(N2, 4, REQUEST, TIMEOUT)))
                .as("a link that works stays, wherever the next one goes")
                .isEqualTo(again);
    }

    @Test
    void aNodeThatIsRefusedByNameHearsOfIt() throws Exception {
        peer.refusal = StatusMapping.exception(StatusMapping.nodeRemoved("n1 has left this cluster"));
        begin(server.getPort());
        assertThat(told.events.poll(20, TimeUnit.SECONDS)).isEqualTo("NODE_REMOVED: n1 has left this cluster");
    }

    private static TreeMap<dev.quorate.core.model.NodeId, Supplier<InetSocketAddress>> addresses(
            InetSocketAddress address) {
        TreeMap<dev.quorate.core.model.NodeId, Supplier<InetSocketAddress>> addresses = new TreeMap<>();
        addresses.put(N2, () -> address);
        return addresses;
    }

    private void connect() throws Exception {
        begin(server.getPort());
        awaitReachable();
    }

    private void begin(int port) throws Exception {
        begin(InetSocketAddress.createUnresolved("127.0.0.1", port));
    }

    private void begin(InetSocketAddress address) throws Exception {
        onLoop(() -> {
            transport.start(PeerFixture.identity(N1), told, addresses(address));
            return true;
        });
    }

    private void awaitReachable() {
        await().atMost(LIMIT).until(() -> onLoop(() -> transport.reachable(N2)));
    }

    private <T> T onLoop(Supplier<T> task) throws Exception {
        return loop.ask(LIMIT, task);
    }

    /** Greets, answers probes and nothing else, unless told otherwise. */
    private static final class FakePeer extends ReplicaServiceGrpc.ReplicaServiceImplBase {
        private final LinkedBlockingQueue<ExchangeRequest> batches = new LinkedBlockingQueue<>();
        volatile PeerGreeting greeting = PeerFixture.identity(N2).greetingTo(N1);
        volatile boolean answersProbes = true;
        volatile boolean takesMessages = true;
        volatile RuntimeException refusal;
        volatile StreamObserver<ExchangeResponse> out;

        ExchangeRequest nextBatch() throws InterruptedException {
            return batches.poll(20, TimeUnit.SECONDS);
        }

        @Override
        public StreamObserver<ExchangeRequest> exchange(StreamObserver<ExchangeResponse> observer) {
            List<ExchangeRequest> received = new ArrayList<>();
            ServerCallStreamObserver<ExchangeResponse> call = (ServerCallStreamObserver<ExchangeResponse>) observer;
            call.setOnCancelHandler(() -> {});
            if (!takesMessages) {
                call.disableAutoRequest();
                call.request(1);
            }
            out = observer;
            return new StreamObserver<>() {
                @Override
                public void onNext(ExchangeRequest message) {
                    received.add(message);
                    if (refusal != null) {
                        observer.onError(refusal);
                    } else if (received.size() == 1) {
                        assertThat(message.getGreeting())
                                .isEqualTo(PeerFixture.identity(N1).greetingTo(N2));
                        observer.onNext(ExchangeResponse.newBuilder()
                                .setGreeting(greeting)
                                .build());
                    } else if (message.getOperationsCount() > 0) {
                        batches.add(message);
                    } else if (answersProbes) {
                        observer.onNext(ExchangeResponse.getDefaultInstance());
                    }
                }

                @Override
                public void onError(Throwable thrown) {}

                @Override
                public void onCompleted() {}
            };
        }
    }
}
