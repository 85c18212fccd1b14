package dev.quorate.server.config;

import dev.quorate.core.handoff.HandoffConfig;
import dev.quorate.core.replication.Bucket;
import dev.quorate.core.replication.ReplicationConfig;
import dev.quorate.core.transfer.TransferConfig;
import dev.quorate.server.lmdb.StorageConfig;
import java.math.BigDecimal;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.UUID;

/** Writes the file: a template to start from, and the effective settings of a node. */
public final class ConfigText {
    private static final String SECRET = "***";

    private ConfigText() {}

    /** A file for one node alone, with an identity of its own. The values shown are the defaults. */
    public static String template() {
        return """
                # A Quorate node. Settings that are left out have the values shown here.
                # Every one can be overridden by the environment: storage.dir by QUORATE_STORAGE_DIR.

                # The same on every node of a cluster.
                cluster:
                  id: %s
                  number: 1
                  name: quorate
                hashSeed: %s
                # Authenticates the contexts that clients carry. A secret: keep this file readable by its owner only,
                # or write clusterKey: {file: cluster.key}
                clusterKey: %s
                # What other nodes have to know to join this cluster. A secret like clusterKey; without it nobody joins.
                joinToken: %s

                # This node, and where it listens. Only this machine can reach these addresses.
                node: n1
                listen:
                  client: 127.0.0.1:7400
                  peer: 127.0.0.1:7401
                  admin: 127.0.0.1:7402

                # All nodes with which the cluster begins, this one too; without the list it is alone. Two replicas never share a host.
                # Nodes that come later have 'join' in place of all this: see docs/operations.md.
                # members:
                #   - {id: n1, client: 127.0.0.1:7400, peer: 127.0.0.1:7401, admin: 127.0.0.1:7402, host: h1}
                #   - {id: n2, client: 127.0.0.1:7410, peer: 127.0.0.1:7411, admin: 127.0.0.1:7412, host: h2}
                #   - {id: n3, client: 127.0.0.1:7420, peer: 127.0.0.1:7421, admin: 127.0.0.1:7422, host: h3}
                # Also: weight: 1, datacenter: dc1, rack: rack1.
                replicas: 3
                slots: 1024

                # The bucket 'default' (id 1) is always there.
                # buckets:
                #   - {name: carts, id: 2, n: 3, r: 2, w: 2, blindWrites: overwrite-seen,
                #      readMode: strict, writeMode: sloppy, readRepair: async}

                storage:
                  dir: data
                  # Up to three are in memory; none takes more than a twentieth of the heap.
                  memoryTable: 32MiB
                  flushAfter: 60s
                  logSegment: 64MiB
                  logQueue: 8MiB
                  # Address space of LMDB; 0B chooses what the disk can hold.
                  map: 0B
                  # Free disk kept: the larger of both.
                  reserve: 1GiB
                  reservePercent: 5
                  # loop, pool or auto
                  reads: auto
                  readThreads: 4

                replication:
                  timeout: 2s
                  maxTimeout: 30s
                  hedgeAfter: 20ms
                  hedgeBudget: 0.05
                  compareProbability: 0.1
                  repairsPerSecond: 1000
                  # A sloppy write that waits this long for an owner asks another node to stand in for it.
                  standInAfter: 100ms
                  # What a node keeps for one owner that is away.
                  hintBytesPerOwner: 8GiB
                  maxRecord: 10KiB
                  maxSiblings: 32

                # What a node takes of hints from all others together, and when others begin.
                handoff:
                  settle: 5s
                  jitter: 5s
                  keysPerSecond: 5000
                  bytesPerSecond: 16MiB
                  senders: 4
                  window: 24h

                # Slots on their way to other nodes. What was handed over stays for a while after everybody knows the new owner.
                transfer:
                  outgoing: 2
                  incoming: 2
                  purgeDelay: 30s
                  keysPerSecond: 100000
                  bytesPerSecond: 50MiB

                limits:
                  operations: 16384
                  operationBytes: 64MiB
                  pipelineOperations: 4096
                  callsPerConnection: 1024
                  peerQueue: 32MiB

                # metrics:
                #   listen: 127.0.0.1:7403

                logging:
                  level: info
                """.formatted(UUID.randomUUID(), randomHex(16), randomHex(32), randomHex(32));
    }

    /** What is in effect, secrets left out, in the form of the file. */
    public static String effective(NodeSettings settings) {
        StringBuilder yaml = new StringBuilder(2048);
        StringBuilder unused =
                settings.origin().match(founding -> founding(yaml, founding), joining -> joining(yaml, joining));
        if (settings.joinToken().isPresent()) {
            line(yaml, "joinToken: \"" + SECRET + "\"");
        }
        NodeSettings.Listen listen = settings.listen();
        line(
                yaml,
                "listen: {client: " + quoted(listen.client()) + ", peer: " + quoted(listen.peer()) + ", admin: "
                        + quoted(listen.admin()) + "}");
        storage(yaml, settings.storage());
        replication(yaml, settings.replication());
        handoff(yaml, settings.handoff());
        transfer(yaml, settings.transfer());
        NodeSettings.Limits limits = settings.limits();
        line(yaml, "limits:");
        line(yaml, "  operations: " + limits.operations());
        line(yaml, "  operationBytes: " + Quantities.writeSize(limits.operationBytes()));
        line(yaml, "  pipelineOperations: " + limits.pipelineOperations());
        line(yaml, "  callsPerConnection: " + limits.callsPerConnection());
        line(yaml, "  peerQueue: " + Quantities.writeSize(limits.peerQueueBytes()));
        settings.metricsListen().ifPresent(address -> line(yaml, "metrics: {listen: " + quoted(address) + "}"));
        line(yaml, "logging: {level: " + YamlSection.writtenAs(settings.logLevel()) + "}");
        line(yaml, "insecure: " + settings.insecure());
        return yaml.toString();
    }

    private static StringBuilder founding(StringBuilder yaml, NodeSettings.Founding founding) {
        NodeSettings.Cluster cluster = founding.cluster();
        line(
                yaml,
                "cluster: {id: " + cluster.id() + ", number: " + cluster.number() + ", name: " + quoted(cluster.name())
                        + "}");
        line(yaml, "hashSeed: " + founding.hashSeed().hex());
        line(yaml, "clusterKey: \"" + SECRET + "\"");
        line(yaml, "node: " + founding.node());
        line(yaml, "members:");
        for (NodeSettings.MemberSettings member : founding.members()) {
            line(
                    yaml,
                    "  - {id: " + member.id() + ", client: " + quoted(member.client()) + ", peer: "
                            + quoted(member.peer()) + ", admin: " + quoted(member.admin())
                            + member.via().map(via -> ", via: " + quoted(via)).orElse("") + ", weight: "
                            + decimal(member.placement().weight()) + ", datacenter: "
                            + quoted(member.placement().datacenter()) + ", rack: "
                            + quoted(member.placement().rack()) + ", host: "
                            + quoted(member.placement().host()) + "}");
        }
        line(yaml, "replicas: " + founding.replicas());
        line(yaml, "slots: " + (1 << founding.log2Slots()));
        line(yaml, "buckets:");
        for (Bucket bucket : founding.buckets()) {
            line(
                    yaml,
                    "  - {name: " + quoted(bucket.name()) + ", id: " + bucket.id() + ", n: " + bucket.n() + ", r: "
                            + bucket.r() + ", w: " + bucket.w() + ", blindWrites: "
                            + YamlSection.writtenAs(bucket.blindWrites()) + ", readMode: "
                            + YamlSection.writtenAs(bucket.readMode()) + ", writeMode: "
                            + YamlSection.writtenAs(bucket.writeMode()) + ", readRepair: "
                            + YamlSection.writtenAs(bucket.readRepair()) + "}");
        }
        return yaml;
    }

    private static StringBuilder joining(StringBuilder yaml, NodeSettings.Joining joining) {
        line(yaml, "join:");
        line(
                yaml,
                "  seeds: ["
                        + String.join(
                                ", ",
                                joining.seeds().stream().map(ConfigText::quoted).toList()) + "]");
        line(yaml, "  token: \"" + SECRET + "\"");
        line(yaml, "  weight: " + decimal(joining.weight()));
        line(
                yaml,
                "  datacenter: " + quoted(joining.datacenter()) + "\n  rack: " + quoted(joining.rack()) + "\n  host: "
                        + quoted(joining.host()));
        line(
                yaml,
                "  client: " + quoted(joining.client()) + "\n  peer: " + quoted(joining.peer()) + "\n  admin: "
                        + quoted(joining.admin()));
        return yaml;
    }

    private static void storage(StringBuilder yaml, StorageConfig storage) {
        line(yaml, "storage:");
        line(yaml, "  dir: " + quoted(storage.directory()));
        line(yaml, "  memoryTable: " + Quantities.writeSize(storage.memoryTableBytes()));
        line(yaml, "  flushAfter: " + Quantities.write(storage.memoryTableAge()));
        line(yaml, "  logSegment: " + Quantities.writeSize(storage.segmentBytes()));
        line(yaml, "  logQueue: " + Quantities.writeSize(storage.queueBytes()));
        line(yaml, "  map: " + Quantities.writeSize(storage.mapBytes()));
        line(yaml, "  reserve: " + Quantities.writeSize(storage.diskReserveBytes()));
        line(yaml, "  reservePercent: " + storage.diskReservePercent());
        line(yaml, "  reads: " + YamlSection.writtenAs(storage.reads()));
        line(yaml, "  readThreads: " + storage.readThreads());
    }

    private static void replication(StringBuilder yaml, ReplicationConfig replication) {
        line(yaml, "replication:");
        line(yaml, "  timeout: " + Quantities.write(replication.defaultTimeout()));
        line(yaml, "  maxTimeout: " + Quantities.write(replication.maxTimeout()));
        line(yaml, "  hedgeAfter: " + Quantities.write(replication.hedgeAfter()));
        line(yaml, "  hedgeBudget: " + decimal(replication.hedgeBudget()));
        line(yaml, "  compareProbability: " + decimal(replication.compareProbability()));
        line(yaml, "  repairsPerSecond: " + replication.repairsPerSecond());
        line(yaml, "  standInAfter: " + Quantities.write(replication.standInAfter()));
        line(yaml, "  hintBytesPerOwner: " + Quantities.writeSize(replication.hintBytesPerOwner()));
        line(yaml, "  maxRecord: " + Quantities.writeSize(replication.maxRecordBytes()));
        line(yaml, "  maxSiblings: " + replication.maxSiblings());
    }

    private static void handoff(StringBuilder yaml, HandoffConfig handoff) {
        line(yaml, "handoff:");
        line(yaml, "  settle: " + Quantities.write(handoff.settle()));
        line(yaml, "  jitter: " + Quantities.write(handoff.jitter()));
        line(yaml, "  keysPerSecond: " + handoff.keysPerSecond());
        line(yaml, "  bytesPerSecond: " + Quantities.writeSize(handoff.bytesPerSecond()));
        line(yaml, "  senders: " + handoff.senders());
        line(yaml, "  window: " + Quantities.write(handoff.window()));
    }

    private static void transfer(StringBuilder yaml, TransferConfig transfer) {
        line(yaml, "transfer:");
        line(yaml, "  outgoing: " + transfer.outgoing());
        line(yaml, "  incoming: " + transfer.incoming());
        line(yaml, "  purgeDelay: " + Quantities.write(transfer.purgeDelay()));
        line(yaml, "  keysPerSecond: " + transfer.keysPerSecond());
        line(yaml, "  bytesPerSecond: " + Quantities.writeSize(transfer.bytesPerSecond()));
    }

    private static void line(StringBuilder yaml, String text) {
        yaml.append(text).append('\n');
    }

    private static String decimal(double number) {
        return BigDecimal.valueOf(number).stripTrailingZeros().toPlainString();
    }

    /** Any text, as YAML reads it back. */
    private static String quoted(Object value) {
        return "'" + String.valueOf(value).replace("'", "''") + "'";
    }

    private static String randomHex(int bytes) {
        byte[] random = new byte[bytes];
        new SecureRandom().nextBytes(random);
        return HexFormat.of().formatHex(random);
    }
}
