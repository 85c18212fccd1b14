package dev.quorate.server.grpc;

import dev.quorate.core.ring.NodeEntry;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.runtime.Clock;
import dev.quorate.core.topology.ChangeOutcome;
import dev.quorate.core.topology.Newcomer;
import dev.quorate.core.topology.Rejection;
import dev.quorate.core.topology.Topology;
import dev.quorate.proto.peer.v1.JoinRequest;
import dev.quorate.proto.peer.v1.JoinResponse;
import dev.quorate.proto.peer.v1.MembershipServiceGrpc;
import dev.quorate.server.system.LogRateLimit;
import io.grpc.stub.StreamObserver;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Admits nodes that know the token. Runs on the event loop. */
public final class MembershipGrpcService extends MembershipServiceGrpc.MembershipServiceImplBase {
    private static final Logger LOG = LoggerFactory.getLogger(MembershipGrpcService.class);
    private static final Duration LOG_INTERVAL = Duration.ofSeconds(10);
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final int MAX_TEXT = 256;

    /** Asks the voters to take a node in. */
    public interface Admissions {
        void admit(Newcomer newcomer, Duration timeout, Consumer<ChangeOutcome> done);
    }

    private final ClusterTerms terms;
    private final Optional<String> token;
    private final Admissions admissions;
    private final LogRateLimit refusals;

    /** @param token empty where nobody is admitted */
    public MembershipGrpcService(ClusterTerms terms, Optional<String> token, Admissions admissions, Clock clock) {
        this.terms = terms;
        this.token = token;
        this.admissions = admissions;
        this.refusals = new LogRateLimit(clock, LOG_INTERVAL);
    }

    @Override
    public void join(JoinRequest request, StreamObserver<JoinResponse> observer) {
        com.google.rpc.Status refusal = refusal(request);
        if (refusal != null) {
            if (refusals.permits()) {
                LOG.warn("refused to admit a node at {}: {}", shown(request.getPeerAddress()), refusal.getMessage());
            }
            observer.onError(StatusMapping.exception(refusal));
            return;
        }
        Newcomer newcomer = new Newcomer(
                request.getUuid(),
                request.getWeight(),
                request.getDatacenter(),
                request.getRack(),
                request.getHost(),
                request.getClientAddress(),
                request.getPeerAddress(),
                request.getAdminAddress());
        admissions.admit(newcomer, PATIENCE, outcome -> {
            com.google.rpc.Status failure = outcome.<com.google.rpc.@Nullable Status>match(
                    committed -> {
                        answer(request.getUuid(), committed.ring(), observer);
                        return null;
                    },
                    StatusMapping::of,
                    StatusMapping::of);
            if (failure != null) {
                observer.onError(StatusMapping.exception(failure));
            }
        });
    }

    private void answer(String uuid, RingState ring, StreamObserver<JoinResponse> observer) {
        NodeEntry entry = Topology.byUuid(ring, uuid);
        if (entry == null || !entry.status().isActive()) {
            observer.onError(StatusMapping.exception(StatusMapping.of(
                    Rejection.of(Rejection.Reason.NODE_GONE).with("node", entry == null ? "unknown" : entry.id()))));
            return;
        }
        LOG.info("admitted {} at {} in ring {}", entry.id(), entry.peerAddress(), ring.version());
        observer.onNext(terms.of(entry.id(), ring).message());
        observer.onCompleted();
    }

    private com.google.rpc.@Nullable Status refusal(JoinRequest request) {
        if (token.isEmpty()) {
            return StatusMapping.joinRefused("Node " + terms.node()
                    + " admits nobody: set joinToken in its configuration, or name a seed that has one.");
        }
        if (!same(token.get(), request.getToken())) {
            return StatusMapping.joinRefused(
                    "The token is not the joinToken of node " + terms.node() + ": check join.token and joinToken.");
        }
        if (request.getProtocolVersion() != ClusterIdentity.PROTOCOL_VERSION) {
            return StatusMapping.clusterMismatch("Node " + terms.node() + " speaks version "
                    + ClusterIdentity.PROTOCOL_VERSION + " of the peer protocol, the node that joins "
                    + Integer.toUnsignedString(request.getProtocolVersion()) + ": run the same release.");
        }
        if (!request.getUuid().matches("[0-9a-f-]{36}")) {
            return StatusMapping.invalidRequest("uuid", "it is not a UUID");
        }
        if (!(request.getWeight() >= 0.001 && request.getWeight() <= 1_000_000)) {
            return StatusMapping.invalidRequest("weight", request.getWeight() + " is not 0.001 to 1000000");
        }
        for (String label : new String[] {request.getDatacenter(), request.getRack(), request.getHost()}) {
            if (!label.matches("[A-Za-z0-9._-]{1,64}")) {
                return StatusMapping.invalidRequest("labels", "one is not 1 to 64 of A-Z a-z 0-9 . _ -");
            }
        }
        for (String address :
                new String[] {request.getClientAddress(), request.getPeerAddress(), request.getAdminAddress()}) {
            if (address.length() > MAX_TEXT || !address.matches(".+:[1-9][0-9]{0,4}")) {
                return StatusMapping.invalidRequest("addresses", "one is not host:port");
            }
        }
        return null;
    }

    /** In a time that does not depend on where they differ. */
    private static boolean same(String one, String other) {
        return MessageDigest.isEqual(one.getBytes(StandardCharsets.UTF_8), other.getBytes(StandardCharsets.UTF_8));
    }

    private static String shown(String text) {
        return text.length() > MAX_TEXT ? text.substring(0, MAX_TEXT) : text;
    }
}
