package dev.quorate.cli.dev;

import dev.quorate.cli.local.ClusterFile;
import java.security.SecureRandom;
import java.util.HexFormat;

/**
 * The configuration files of a new local cluster. Each node gets a host label of its own, although all run on one
 * machine: two replicas of a slot are never on one host, and a development cluster wants three.
 */
record NodeConfiguration(String clusterId, String hashSeed, String clusterKey, int replicas) {
    private static final int HASH_SEED_BYTES = 16;
    private static final int CLUSTER_KEY_BYTES = 32;

    static NodeConfiguration random(String clusterId, int replicas, SecureRandom random) {
        return new NodeConfiguration(clusterId, hex(random, HASH_SEED_BYTES), hex(random, CLUSTER_KEY_BYTES), replicas);
    }

    String yaml(ClusterFile cluster, ClusterFile.Node self) {
        StringBuilder yaml = new StringBuilder("# Written by kvctl dev up; 'kvctl dev down --wipe' removes it.\n")
                .append("cluster:\n")
                .append("  id: ")
                .append(clusterId)
                .append('\n')
                .append("  name: dev\n")
                .append("node: ")
                .append(self.id())
                .append('\n')
                .append("replicas: ")
                .append(replicas)
                .append('\n')
                .append("hashSeed: \"")
                .append(hashSeed)
                .append("\"\n")
                .append("clusterKey: \"")
                .append(clusterKey)
                .append("\"\n")
                .append("storage:\n")
                .append("  dir: data\n")
                .append("members:\n");
        for (ClusterFile.Node member : cluster.nodes()) {
            yaml.append("  - id: ")
                    .append(member.id())
                    .append('\n')
                    .append("    client: ")
                    .append(member.clientAddress())
                    .append('\n')
                    .append("    peer: 127.0.0.1:")
                    .append(cluster.peerPort(self, member))
                    .append('\n')
                    .append("    admin: ")
                    .append(member.adminAddress())
                    .append('\n')
                    .append("    host: dev-")
                    .append(member.id())
                    .append('\n');
        }
        return yaml.toString();
    }

    private static String hex(SecureRandom random, int bytes) {
        byte[] drawn = new byte[bytes];
        random.nextBytes(drawn);
        return HexFormat.of().formatHex(drawn);
    }
}
