package dev.quorate.cli.dev;

import dev.quorate.cli.local.ClusterFile;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The configuration files of a new local cluster. Each node gets a host label of its own, although all run on one
 * machine: two replicas of a slot are never on one host, and a development cluster wants three.
 */
record NodeConfiguration(String clusterId, String hashSeed, String clusterKey, String joinToken, int replicas) {
    private static final int HASH_SEED_BYTES = 16;
    private static final int SECRET_BYTES = 32;
    private static final Pattern JOIN_TOKEN = Pattern.compile("(?m)^joinToken: \"([!-~]+)\"$");
    /** So that whoever plays with a cluster does not wait for what was handed over to be cleared away. */
    private static final String TRANSFER = "transfer:\n  purgeDelay: 5s\n";

    static NodeConfiguration random(String clusterId, int replicas, SecureRandom random) {
        return new NodeConfiguration(
                clusterId,
                hex(random, HASH_SEED_BYTES),
                hex(random, SECRET_BYTES),
                hex(random, SECRET_BYTES),
                replicas);
    }

    /** The token in the configuration of a member; empty if it admits nobody. */
    static Optional<String> joinToken(String yaml) {
        Matcher line = JOIN_TOKEN.matcher(yaml);
        return line.find() ? Optional.of(line.group(1)) : Optional.empty();
    }

    /** Of a node that comes later, and needs nothing but members to ask and the token. */
    static String joining(ClusterFile cluster, ClusterFile.Node self, Joining how) {
        StringBuilder yaml = new StringBuilder("# Written by kvctl dev add; 'kvctl dev remove' removes it.\n")
                .append("listen:\n  client: ")
                .append(self.clientAddress())
                .append("\n  peer: 127.0.0.1:")
                .append(self.peerPort())
                .append("\n  admin: ")
                .append(self.adminAddress())
                .append("\njoin:\n  seeds:\n");
        for (ClusterFile.Node seed : cluster.nodes()) {
            if (seed.number() != self.number()) {
                yaml.append("    - 127.0.0.1:").append(seed.peerPort()).append('\n');
            }
        }
        return yaml.append("  token: \"")
                .append(how.token())
                .append("\"\n  host: dev-")
                .append(self.id())
                .append("\n  rack: ")
                .append(how.rack())
                .append("\n  weight: ")
                .append(how.weight())
                .append("\njoinToken: \"")
                .append(how.token())
                .append("\"\nstorage:\n  dir: data\n")
                .append(TRANSFER)
                .toString();
    }

    /** How a node joins. */
    record Joining(String token, String rack, String weight) {}

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
                .append("joinToken: \"")
                .append(joinToken)
                .append("\"\n")
                .append("storage:\n")
                .append("  dir: data\n")
                .append(TRANSFER)
                .append("members:\n");
        for (ClusterFile.Node member : cluster.nodes()) {
            yaml.append("  - id: ")
                    .append(member.id())
                    .append('\n')
                    .append("    client: ")
                    .append(member.clientAddress())
                    .append('\n')
                    .append("    peer: 127.0.0.1:")
                    .append(member.peerPort())
                    .append('\n')
                    .append("    admin: ")
                    .append(member.adminAddress())
                    .append('\n')
                    .append("    host: dev-")
                    .append(member.id())
                    .append('\n');
            // Every node tells the same address of a member; the proxy is this node's own way there.
            int way = cluster.peerPort(self, member);
            if (way != member.peerPort()) {
                yaml.append("    via: 127.0.0.1:").append(way).append('\n');
            }
        }
        return yaml.toString();
    }

    private static String hex(SecureRandom random, int bytes) {
        byte[] drawn = new byte[bytes];
        random.nextBytes(drawn);
        return HexFormat.of().formatHex(drawn);
    }
}
