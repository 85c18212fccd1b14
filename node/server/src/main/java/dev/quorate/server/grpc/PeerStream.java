package dev.quorate.server.grpc;

import com.google.rpc.Status;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.runtime.DeadlineWheel;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.version.MalformedException;
import dev.quorate.proto.peer.v1.ExchangeRequest;
import dev.quorate.proto.peer.v1.ExchangeResponse;
import dev.quorate.proto.peer.v1.PeerAnswer;
import dev.quorate.proto.peer.v1.PeerOperation;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.ArrayDeque;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One peer's stream of requests. The answers of one pass of the event loop leave in one message. Bounded by what is in work: above it
 * no message is taken, until the transport's own window stops the sender.
 */
final class PeerStream implements StreamObserver<ExchangeRequest> {
    private static final Logger LOG = LoggerFactory.getLogger(PeerStream.class);

    /** Operations begun and not answered, above which no message is taken. Those that stay unanswered leave when their time is up. */
    static final int MAX_OPEN = 16_384;

    private static final int MESSAGE_BYTES = 1 << 20;

    private final ServerCallStreamObserver<ExchangeResponse> observer;
    private final PeerGrpcService.Setting setting;
    private final PeerGrpcService service;
    private final ArrayDeque<PeerAnswer> answers = new ArrayDeque<>();
    private @Nullable NodeId peer;
    private boolean drainScheduled;
    private boolean mayReceive;
    private boolean signOfLifeDue;
    private boolean closed;
    private int open;
    /** Of the operations in work and of the answers that wait to leave. */
    private long heldBytes;

    PeerStream(
            ServerCallStreamObserver<ExchangeResponse> observer,
            PeerGrpcService.Setting setting,
            PeerGrpcService service) {
        this.observer = observer;
        this.setting = setting;
        this.service = service;
    }

    /** Call from the service method, while handlers may still be set. */
    void open() {
        observer.disableAutoRequest();
        observer.setOnReadyHandler(this::drain);
        observer.setOnCancelHandler(this::close);
        observer.request(1);
    }

    @Override
    public void onNext(ExchangeRequest message) {
        if (closed) {
            return;
        }
        NodeId from = peer;
        if (from == null) {
            from = greet(message);
            if (from == null) {
                return;
            }
        } else if (message.getOperationsCount() == 0) {
            signOfLifeDue = true;
            scheduleDrain();
        }
        for (PeerOperation operation : message.getOperationsList()) {
            begin(from, operation);
        }
        mayReceive = true;
        receive();
    }

    private @Nullable NodeId greet(ExchangeRequest message) {
        if (!message.hasGreeting()) {
            refuse(StatusMapping.peerProtocolBroken("The first message of a peer must be its greeting."));
            return null;
        }
        Optional<ClusterIdentity.Objection> objection = setting.identity().objectionTo(message.getGreeting());
        if (objection.isPresent()) {
            String words = objection.get().words();
            boolean gone = objection.get().kind() == ClusterIdentity.Objection.Kind.GONE;
            if (setting.refusals().permits()) {
                LOG.warn("refused a peer's stream: {}{}", gone ? "NODE_REMOVED: " : PeerLink.MISMATCH, words);
            }
            refuse(gone ? StatusMapping.nodeRemoved(words) : StatusMapping.clusterMismatch(words));
            return null;
        }
        NodeId from = new NodeId(message.getGreeting().getNode());
        peer = from;
        service.greeted(from, this);
        setting.ringVersions().heard(from, message.getGreeting().getRingVersion());
        observer.onNext(ExchangeResponse.newBuilder()
                .setGreeting(setting.identity().greetingTo(from))
                .setLoad(setting.load().getAsInt())
                .build());
        return from;
    }

    private void begin(NodeId from, PeerOperation operation) {
        setting.operations().increment();
        long id = operation.getId();
        PeerRequest request;
        try {
            request = PeerCodec.request(operation);
        } catch (MalformedException | IllegalArgumentException unreadable) {
            setting.malformed().increment();
            LOG.warn("peer {} sent operation {} that cannot be read: {}", from, id, unreadable.getMessage());
            answer(PeerCodec.answer(id, new PeerReply.Refused(PeerReply.Refusal.MALFORMED)));
            return;
        }
        Slot slot =
                new Slot(id, operation.getSerializedSize(), setting.traffic().counter(request));
        open++;
        heldBytes += slot.size;
        slot.expiry = setting.wheel().after(PeerCodec.timeout(operation), slot::expire);
        try {
            setting.requests().onPeerRequest(from, request, PeerCodec.timeout(operation), slot::answer);
        } catch (RuntimeException defect) {
            setting.defects().note("peer request", defect);
            slot.expire();
        }
    }

    private void answer(PeerAnswer answer) {
        if (!closed) {
            answers.add(answer);
            heldBytes += answer.getSerializedSize();
            scheduleDrain();
        }
    }

    private void scheduleDrain() {
        if (!drainScheduled) {
            drainScheduled = true;
            setting.loop().atEndOfPass(() -> {
                drainScheduled = false;
                drain();
            });
        }
    }

    private void drain() {
        while (!closed && (signOfLifeDue || !answers.isEmpty()) && observer.isReady()) {
            ExchangeResponse.Builder message =
                    ExchangeResponse.newBuilder().setLoad(setting.load().getAsInt());
            long bytes = 0;
            while (!answers.isEmpty() && bytes < MESSAGE_BYTES) {
                PeerAnswer answer = answers.remove();
                bytes += answer.getSerializedSize();
                message.addAnswers(answer);
            }
            heldBytes -= bytes;
            signOfLifeDue = false;
            observer.onNext(message.build());
        }
        receive();
    }

    /** Asks for the next message if there is room for it: answers that the peer does not take count as much as work not done. */
    private void receive() {
        boolean room = open + answers.size() < MAX_OPEN && heldBytes < setting.maxBytes();
        if (mayReceive && !closed && room) {
            mayReceive = false;
            observer.request(1);
        }
    }

    @Override
    public void onError(Throwable thrown) {
        close();
    }

    @Override
    public void onCompleted() {
        if (!closed) {
            close();
            observer.onCompleted();
        }
    }

    void end(String why) {
        refuse(StatusMapping.streamEnded(why));
    }

    private void refuse(Status status) {
        if (!closed) {
            close();
            observer.onError(StatusMapping.exception(status));
        }
    }

    private void close() {
        closed = true;
        answers.clear();
        service.ended(peer, this);
    }

    /** One operation in work. */
    private final class Slot {
        private final long id;
        private final int size;
        private final Metrics.Counter traffic;
        private boolean over;
        private DeadlineWheel.Handle expiry = DeadlineWheel.Handle.NONE;

        Slot(long id, int size, Metrics.Counter traffic) {
            this.id = id;
            this.size = size;
            this.traffic = traffic;
            traffic.add(size);
        }

        void answer(PeerReply reply) {
            if (leave()) {
                PeerAnswer answer = PeerCodec.answer(id, reply);
                traffic.add(answer.getSerializedSize());
                PeerStream.this.answer(answer);
            }
        }

        /** The peer has stopped waiting. */
        void expire() {
            if (leave()) {
                receive();
            }
        }

        private boolean leave() {
            if (over) {
                return false;
            }
            over = true;
            expiry.cancel();
            open--;
            heldBytes -= size;
            return true;
        }
    }
}
