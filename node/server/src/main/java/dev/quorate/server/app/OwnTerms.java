package dev.quorate.server.app;

import dev.quorate.core.ring.NodeEntry;
import dev.quorate.core.ring.NodeStatus;
import dev.quorate.core.ring.RingState;
import dev.quorate.server.config.ConfigFile;
import dev.quorate.server.config.NodeSettings;
import dev.quorate.server.grpc.ClusterTerms;
import dev.quorate.server.grpc.JoinClient;
import dev.quorate.server.system.IdentityException;
import dev.quorate.server.system.IdentityFile;
import dev.quorate.server.system.JoinedFile;
import dev.quorate.server.system.NettyEventLoop;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** What this node has in common with its cluster: from its file if it is a founding node, else from its disk, else from the cluster itself. */
final class OwnTerms {
    /** Longer than a cluster takes to start, and short enough to be noticed. */
    private static final Duration JOIN_PATIENCE = Duration.ofMinutes(5);

    private final NodeSettings settings;
    private final Path directory;
    private Optional<ClusterTerms> known;

    private OwnTerms(NodeSettings settings, Optional<ClusterTerms> known) {
        this.settings = settings;
        this.directory = settings.storage().directory();
        this.known = known;
    }

    /**
     * Looks, and changes nothing.
     *
     * @throws IdentityException if the data directory belongs to somebody else
     */
    static OwnTerms of(NodeSettings settings) throws IdentityException {
        Path directory = settings.storage().directory();
        Optional<ClusterTerms> known = settings.origin()
                .match(founding -> Optional.of(founded(founding, settings)), joining -> Optional.empty());
        if (known.isEmpty()) {
            known = told(directory);
            if (known.isEmpty() && Files.exists(directory.resolve(IdentityFile.NAME))) {
                throw new IdentityException(
                        directory + " holds data of a node that did not join, and the configuration says"
                                + " join: set storage.dir to an empty directory");
            }
        }
        if (known.isPresent()) {
            IdentityFile.check(directory, known.get().clusterId(), known.get().node());
        }
        return new OwnTerms(settings, known);
    }

    private static Optional<ClusterTerms> told(Path directory) throws IdentityException {
        Optional<byte[]> bytes = JoinedFile.read(directory);
        if (bytes.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(ClusterTerms.decode(bytes.get()));
        } catch (IllegalArgumentException unreadable) {
            throw JoinedFile.damaged(directory, unreadable);
        }
    }

    private static ClusterTerms founded(NodeSettings.Founding founding, NodeSettings settings) {
        RingState genesis = RingState.genesis(
                founding.members().stream().map(OwnTerms::entry).toList(), founding.replicas(), founding.log2Slots());
        return new ClusterTerms(
                founding.node(),
                genesis,
                founding.cluster().id(),
                founding.cluster().number(),
                founding.cluster().name(),
                founding.hashSeed(),
                founding.clusterKey(),
                founding.buckets(),
                settings.replication());
    }

    private static NodeEntry entry(NodeSettings.MemberSettings member) {
        return new NodeEntry(
                member.placement(),
                "",
                member.client().toString(),
                member.peer().toString(),
                member.admin().toString(),
                NodeStatus.NORMAL);
    }

    /**
     * What is known, or what the cluster says: then it is on disk when this returns. Call with the directory locked.
     *
     * @throws JoinClient.RefusedException if the node is not admitted
     */
    ClusterTerms obtain(NettyEventLoop loop) throws IOException, InterruptedException {
        if (known.isEmpty()) {
            NodeSettings.Joining joining = settings.origin()
                    .match(
                            founding -> {
                                throw new IllegalStateException("a founding node knows its terms");
                            },
                            found -> found);
            ClusterTerms told = new JoinClient(joining, JoinedFile.uuidToAskUnder(directory), loop).join(JOIN_PATIENCE);
            JoinedFile.write(directory, told.encode());
            known = Optional.of(told);
        }
        return known.get();
    }

    /** Of the data directory, if it is new. */
    IdentityFile identity(ClusterTerms terms, NettyEventLoop loop) throws IOException, IdentityException {
        boolean founding = settings.origin().match(found -> true, joining -> false);
        return founding
                ? IdentityFile.open(directory, terms.clusterId(), terms.node(), loop)
                : IdentityFile.open(
                        directory, terms.clusterId(), terms.node(), JoinedFile.uuidToAskUnder(directory), loop);
    }

    /**
     * The settings, with the cluster's replication if the node's own file leaves it out.
     *
     * @throws IOException if this node could not store what the cluster allows
     */
    NodeSettings effective(ClusterTerms terms) throws IOException {
        boolean own = settings.origin().match(founding -> true, NodeSettings.Joining::ownReplication);
        if (own) {
            return settings;
        }
        Optional<String> problem = ConfigFile.roomProblem(settings.storage(), terms.replication());
        if (problem.isPresent()) {
            throw new IOException(problem.get());
        }
        return settings.with(terms.replication());
    }

    /**
     * What is wrong with this node taking part in the ring as its disk knows it.
     *
     * @throws IdentityException if it has no part in it any more
     */
    static void requirePart(ClusterTerms terms, RingState ring) throws IdentityException {
        NodeEntry entry = ring.node(terms.node());
        if (entry == null) {
            throw new IdentityException(terms.node() + " is not in ring " + ring.version() + " of cluster "
                    + terms.clusterId() + ": the data directory has been mixed up with another one");
        }
        if (!entry.status().isActive()) {
            throw new IdentityException("NODE_REMOVED: " + terms.node()
                    + (entry.status() == NodeStatus.LEFT ? " has left" : " was removed from") + " cluster "
                    + terms.clusterId() + " (ring " + ring.version()
                    + "), and its number is never used again: let it join with an empty storage.dir");
        }
    }
}
