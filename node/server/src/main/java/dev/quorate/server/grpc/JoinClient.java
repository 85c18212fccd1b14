package dev.quorate.server.grpc;

import dev.quorate.proto.peer.v1.JoinRequest;
import dev.quorate.proto.peer.v1.JoinResponse;
import dev.quorate.proto.peer.v1.MembershipServiceGrpc;
import dev.quorate.server.config.Address;
import dev.quorate.server.config.NodeSettings;
import dev.quorate.server.system.NettyEventLoop;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks members to admit this node, one after the other, until one does. Blocks: there is nothing else to do before. */
public final class JoinClient {
    private static final Logger LOG = LoggerFactory.getLogger(JoinClient.class);
    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(10);
    private static final Duration BETWEEN_ROUNDS = Duration.ofSeconds(1);
    private static final int ROUNDS_PER_LINE = 10;
    /** A ring of 65536 slots and a thousand nodes has well below a mebibyte. */
    private static final int MAX_ANSWER_BYTES = 16 << 20;

    /** Nothing that the node could wait for: an operator has to act. */
    public static final class RefusedException extends IOException {
        private static final long serialVersionUID = 1L;

        RefusedException(String message, Throwable cause) {
            super(message, cause);
        }
    }

    private final NodeSettings.Joining settings;
    private final String uuid;
    private final NettyEventLoop loop;
    private final Map<Address, String> said = new LinkedHashMap<>();

    /** @param uuid of the data directory */
    public JoinClient(NodeSettings.Joining settings, String uuid, NettyEventLoop loop) {
        this.settings = settings;
        this.uuid = uuid;
        this.loop = loop;
    }

    /**
     * What the cluster says to its new member.
     *
     * @throws RefusedException if a seed knows that this node must not be admitted, or all seeds refuse
     * @throws IOException if none has admitted it in time; the message has what each said last
     */
    public ClusterTerms join(Duration patience) throws IOException, InterruptedException {
        long giveUpAt = System.nanoTime() + patience.toNanos();
        for (int round = 0; ; round++) {
            int refusals = 0;
            for (Address seed : settings.seeds()) {
                try {
                    ClusterTerms terms = ask(seed);
                    LOG.info(
                            "{} admitted this node as {}, in ring {}",
                            seed,
                            terms.node(),
                            terms.ring().version());
                    return terms;
                } catch (StatusRuntimeException failure) {
                    said.put(seed, words(failure));
                    switch (failure.getStatus().getCode()) {
                        // What every member knows: another would say the same.
                        case FAILED_PRECONDITION, INVALID_ARGUMENT -> throw refused(failure);
                        // What one member was told by its operator.
                        case PERMISSION_DENIED, UNIMPLEMENTED -> refusals++;
                        default -> {
                            // It may answer later.
                        }
                    }
                    if (refusals == settings.seeds().size()) {
                        throw refused(failure);
                    }
                } catch (IllegalArgumentException malformed) {
                    said.put(seed, "its answer cannot be read: " + malformed.getMessage());
                }
            }
            if (System.nanoTime() - giveUpAt > 0) {
                throw new IOException("no seed has admitted this node in " + patience.toSeconds() + " s" + lastWords());
            }
            if (round % ROUNDS_PER_LINE == 0) {
                LOG.warn("no seed has admitted this node yet; asking again{}", lastWords());
            }
            Thread.sleep(BETWEEN_ROUNDS.toMillis());
        }
    }

    private ClusterTerms ask(Address seed) {
        ManagedChannel channel = NettyChannelBuilder.forAddress(seed.host(), seed.port())
                .usePlaintext()
                .eventLoopGroup(loop.group())
                .channelType(loop.channel())
                .disableRetry()
                .maxInboundMessageSize(MAX_ANSWER_BYTES)
                .build();
        try {
            JoinResponse response = MembershipServiceGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(ANSWER_LIMIT.toMillis(), TimeUnit.MILLISECONDS)
                    .join(JoinRequest.newBuilder()
                            .setUuid(uuid)
                            .setToken(settings.token())
                            .setClientAddress(settings.client().toString())
                            .setPeerAddress(settings.peer().toString())
                            .setAdminAddress(settings.admin().toString())
                            .setDatacenter(settings.datacenter())
                            .setRack(settings.rack())
                            .setHost(settings.host())
                            .setWeight(settings.weight())
                            .setProtocolVersion(ClusterIdentity.PROTOCOL_VERSION)
                            .build());
            return ClusterTerms.of(response);
        } finally {
            channel.shutdownNow();
        }
    }

    private RefusedException refused(StatusRuntimeException failure) {
        return new RefusedException("this node is not admitted" + lastWords(), failure);
    }

    private String lastWords() {
        StringBuilder words = new StringBuilder();
        said.forEach((seed, text) -> words.append(words.isEmpty() ? ": " : "; ")
                .append(seed)
                .append(": ")
                .append(text));
        return words.toString();
    }

    private static String words(StatusRuntimeException failure) {
        Status status = failure.getStatus();
        String reason = StatusMapping.reasonOf(failure);
        String description = String.valueOf(status.getDescription());
        if (!reason.isEmpty()) {
            return reason + ", " + description;
        }
        Throwable cause = status.getCause();
        while (cause != null && cause.getCause() != null) {
            cause = cause.getCause();
        }
        String innermost = cause == null ? description : String.valueOf(cause.getMessage());
        return innermost.contains("Connection refused")
                ? "connection refused: no node listens there"
                : status.getCode() == Status.Code.UNIMPLEMENTED
                        ? "what listens there admits no nodes: seeds are peer addresses"
                        : status.getCode() + ", " + innermost;
    }
}
