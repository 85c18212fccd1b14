package dev.quorate.integration;

import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * What a cluster is to look like. Everything random follows from the seed.
 *
 * @param slots a power of two
 * @param settings more lines of each node's file, such as buckets
 * @param storage more settings below {@code storage}
 * @param proxied what reaches the nodes through a proxy: peers, and perhaps clients that begin at another node
 */
record ClusterPlan(
        int nodes,
        int replicas,
        int slots,
        String clusterId,
        String hashSeed,
        String clusterKey,
        String settings,
        Storage storage,
        Set<Links.Port> proxied) {
    /** @param directory of one node's data; relative to the node's own folder */
    record Storage(Path directory, String settings) {}

    static ClusterPlan of(int nodes, long seed) {
        Random random = new Random(seed);
        return new ClusterPlan(
                nodes,
                Math.min(nodes, 3),
                64,
                new UUID(random.nextLong(), random.nextLong()).toString(),
                hex(random, 16),
                hex(random, 32),
                "",
                new Storage(
                        Path.of("data"),
                        "{dir: %s, memoryTable: 2MiB, logSegment: 4MiB, logQueue: 1MiB, flushAfter: 2s, reserve: 16MiB, reservePercent: 0}"),
                Set.of());
    }

    /** The nodes reach each other through proxies, and clients reach all of them directly. */
    ClusterPlan withPeersProxied() {
        return withProxied(Set.of(Links.Port.PEER));
    }

    /** When a node is cut off, so are the clients that began at it. */
    ClusterPlan withPeersAndClientsProxied() {
        return withProxied(Set.of(Links.Port.PEER, Links.Port.CLIENT));
    }

    private ClusterPlan withProxied(Set<Links.Port> ports) {
        return new ClusterPlan(nodes, replicas, slots, clusterId, hashSeed, clusterKey, settings, storage, ports);
    }

    ClusterPlan withSlots(int number) {
        return new ClusterPlan(nodes, replicas, number, clusterId, hashSeed, clusterKey, settings, storage, proxied);
    }

    ClusterPlan withClusterId(String id) {
        return new ClusterPlan(nodes, replicas, slots, id, hashSeed, clusterKey, settings, storage, proxied);
    }

    ClusterPlan withSettings(String lines) {
        return new ClusterPlan(nodes, replicas, slots, clusterId, hashSeed, clusterKey, lines, storage, proxied);
    }

    ClusterPlan withStorage(Path directory, String inline) {
        return new ClusterPlan(
                nodes,
                replicas,
                slots,
                clusterId,
                hashSeed,
                clusterKey,
                settings,
                new Storage(directory, inline),
                proxied);
    }

    /** The file of one node. */
    String yaml(Cluster cluster, int self) {
        StringBuilder yaml = new StringBuilder();
        yaml.append("cluster: {id: ").append(clusterId).append("}\n");
        yaml.append("node: n").append(self).append('\n');
        yaml.append("replicas: ").append(replicas).append('\n');
        yaml.append("slots: ").append(slots).append('\n');
        yaml.append("hashSeed: '").append(hashSeed).append("'\n");
        yaml.append("clusterKey: '").append(clusterKey).append("'\n");
        yaml.append("storage: ")
                .append(storage.settings().formatted(storage.directory()))
                .append('\n');
        yaml.append("members:\n");
        for (ClusterNode node : cluster.nodes()) {
            yaml.append("  - {id: ").append(node.id());
            yaml.append(", client: '").append(cluster.clientAddress(self, node));
            yaml.append("', peer: '").append(cluster.peerAddress(self, node));
            yaml.append("', admin: '").append(node.adminAddress());
            yaml.append("', host: host-").append(node.id()).append("}\n");
        }
        return yaml.append(settings).toString();
    }

    /** The file of a node that comes later, and is told the rest by those that are there. */
    String yamlOfNewcomer(Cluster cluster, ClusterNode newcomer, double weight, String token) {
        return "listen: {client: '" + newcomer.clientAddress() + "', peer: '127.0.0.1:" + newcomer.peerPort()
                + "', admin: '" + newcomer.adminAddress() + "'}\n"
                + "join: {seeds: ["
                + cluster.nodes().stream()
                        .filter(ClusterNode::alive)
                        .map(node -> "'127.0.0.1:" + node.peerPort() + "'")
                        .collect(Collectors.joining(", "))
                + "], token: '" + token + "', weight: " + weight + ", host: host-" + newcomer.id() + "}\n"
                + "storage: " + storage.settings().formatted(storage.directory()) + '\n'
                + settings;
    }

    private static String hex(Random random, int bytes) {
        byte[] drawn = new byte[bytes];
        random.nextBytes(drawn);
        return HexFormat.of().formatHex(drawn);
    }
}
