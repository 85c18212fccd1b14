package dev.quorate.server.config;

import dev.quorate.core.handoff.HandoffConfig;
import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Mode;
import dev.quorate.core.replication.Bucket;
import dev.quorate.core.replication.ReplicationConfig;
import dev.quorate.core.ring.Member;
import dev.quorate.core.ring.SlotTable;
import dev.quorate.core.transfer.TransferConfig;
import dev.quorate.server.lmdb.StorageConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.Node;

/**
 * Reads {@code kvnode.yaml}. Strict: what it does not know is an error with line and suggestion, since a setting that is quietly
 * ignored is found only when it would have been needed.
 */
public final class ConfigFile {
    private static final int DEFAULT_REPLICAS = 3;
    private static final int DEFAULT_SLOTS = 1024;
    private static final long KIB = 1L << 10;
    private static final long MIB = 1L << 20;
    private static final long GIB = 1L << 30;
    /** What a sibling and an object take beyond keys and values: dots and times, and a context that merges have made long. */
    private static final long SIBLING_OVERHEAD = 256;

    private static final long OBJECT_OVERHEAD = 64 * KIB;
    private static final Bytes SIXTEEN_ZEROS = Bytes.owning(new byte[16]);
    private static final String NO_TOKEN = "";
    private static final NodeSettings.Listen DEFAULT_LISTEN = new NodeSettings.Listen(
            new Address("127.0.0.1", 7400), new Address("127.0.0.1", 7401), new Address("127.0.0.1", 7402));

    /** Settings of founding nodes, which a node that joins must not have an opinion on. */
    private static final List<String> TOLD_BY_THE_CLUSTER =
            List.of("cluster", "node", "members", "replicas", "slots", "hashSeed", "clusterKey", "buckets");

    private static final NodeSettings.Limits LIMIT_DEFAULTS =
            new NodeSettings.Limits(16_384, 64 * MIB, 4096, 1024, 32 * MIB);

    private final YamlSection.Reading reading;
    private final Path directory;
    private final boolean readableByOthers;

    private ConfigFile(YamlSection.Reading reading, Path directory, boolean readableByOthers) {
        this.reading = reading;
        this.directory = directory;
        this.readableByOthers = readableByOthers;
    }

    /**
     * Reads and checks the file.
     *
     * @param environment overrides of single settings, named {@code QUORATE_STORAGE_DIR} for {@code storage.dir}
     * @param warnings told of what is suspicious and not wrong
     */
    public static NodeSettings read(Path file, Map<String, String> environment, Consumer<String> warnings)
            throws ConfigException {
        String text;
        boolean readableByOthers;
        try {
            text = Files.readString(file);
            readableByOthers = isReadableByOthers(file);
        } catch (NoSuchFileException missing) {
            throw new ConfigException(
                    List.of(file + ": no such file; 'kvnode config template' prints one to start from"));
        } catch (IOException unreadable) {
            throw new ConfigException(List.of(file + ": cannot be read: " + unreadable));
        }
        YamlSection.Reading reading = new YamlSection.Reading(file.toString(), environment);
        Path parent = file.toAbsolutePath().getParent();
        NodeSettings settings =
                new ConfigFile(reading, parent == null ? file : parent, readableByOthers).settings(text);
        for (String variable : new TreeSet<>(environment.keySet())) {
            boolean ours = variable.startsWith(YamlSection.ENVIRONMENT_PREFIX);
            if (ours && !reading.variablesKnown.contains(variable)) {
                Suggestion.closest(variable, reading.variablesKnown)
                        .ifPresent(close -> warnings.accept("environment variable " + variable
                                + " overrides no setting; did you mean " + close + "?"));
            }
        }
        if (!reading.problems.isEmpty()) {
            throw new ConfigException(reading.problems);
        }
        return settings;
    }

    /** With stand-ins wherever a problem was found. */
    private NodeSettings settings(String text) throws ConfigException {
        YamlSection root = YamlSection.root(reading, parse(text));
        boolean insecure = root.flag("insecure", false);
        NodeSettings.Origin origin;
        NodeSettings.Listen listen;
        Optional<String> joinToken = root.has("joinToken") || root.isOverridden("joinToken")
                ? Optional.of(secret(root, "joinToken", NO_TOKEN, ConfigFile::token))
                : Optional.empty();
        if (root.has("join")) {
            listen = listen(root, DEFAULT_LISTEN, insecure);
            origin = joining(root, listen);
        } else {
            NodeSettings.Founding founding = founding(root);
            NodeSettings.MemberSettings self = founding.self();
            listen = listen(root, new NodeSettings.Listen(self.client(), self.peer(), self.admin()), insecure);
            origin = founding;
        }
        YamlSection storageSection = root.section("storage");
        StorageConfig storage = storage(storageSection);
        ReplicationConfig replication = replication(root);
        HandoffConfig handoff = handoff(root.section("handoff"));
        TransferConfig transfer = transfer(root.section("transfer"));
        requireRoomForObjects(storageSection, storage, replication);
        NodeSettings.Limits limits = limits(root.section("limits"));
        YamlSection metrics = root.section("metrics");
        Optional<Address> metricsListen =
                metrics.value("listen", Optional.empty(), address -> Optional.of(Address.parse(address)));
        metrics.end();
        metricsListen.ifPresent(address -> requireLoopback(metrics, "listen", address, insecure));
        YamlSection logging = root.section("logging");
        NodeSettings.LogLevel level = logging.choice("level", NodeSettings.LogLevel.INFO, NodeSettings.LogLevel.class);
        logging.end();
        root.end();
        return new NodeSettings(
                origin,
                listen,
                joinToken,
                storage,
                replication,
                handoff,
                transfer,
                limits,
                metricsListen,
                level,
                insecure);
    }

    private NodeSettings.Founding founding(YamlSection root) {
        NodeSettings.Cluster cluster = cluster(root.section("cluster"));
        NodeId node = root.required("node", new NodeId(1), NodeId::parse);
        List<NodeSettings.MemberSettings> members = members(root, node);
        requireSelf(root, members, node);
        int replicas = root.integer("replicas", DEFAULT_REPLICAS, 1, 16);
        Set<String> hosts = new TreeSet<>();
        members.forEach(member -> hosts.add(
                member.placement().datacenter() + " " + member.placement().host()));
        int log2Slots = root.value("slots", log2(DEFAULT_SLOTS), ConfigFile::slots);
        Bytes hashSeed = root.required("hashSeed", SIXTEEN_ZEROS, hex -> bytes(hex, 16, 16));
        Bytes clusterKey = secret(root, "clusterKey", SIXTEEN_ZEROS, hex -> bytes(hex, 16, 64));
        List<Bucket> buckets = buckets(root, Math.min(replicas, Math.max(1, hosts.size())));
        return new NodeSettings.Founding(cluster, node, members, replicas, log2Slots, hashSeed, clusterKey, buckets);
    }

    private NodeSettings.Joining joining(YamlSection root, NodeSettings.Listen listen) {
        for (String told : TOLD_BY_THE_CLUSTER) {
            if (root.has(told)) {
                root.problem(
                        told, told + " is told by the cluster that the node joins: leave it out, or leave out 'join'");
            }
        }
        YamlSection section = root.section("join");
        List<Address> seeds = section.values("seeds", Address::parse);
        if (seeds.isEmpty()) {
            section.problem(
                    "seeds", "join.seeds names no member: give peer addresses such as [10.0.0.1:7401, 10.0.0.2:7401]");
        }
        String token = secret(section, "token", NO_TOKEN, ConfigFile::token);
        double weight = section.decimal("weight", 1, 0.001, 1_000_000);
        String datacenter = section.value("datacenter", "dc1", ConfigFile::label);
        String rack = section.value("rack", "rack1", ConfigFile::label);
        Address client = section.value("client", listen.client(), Address::parse);
        Address peer = section.value("peer", listen.peer(), Address::parse);
        Address admin = section.value("admin", listen.admin(), Address::parse);
        String host = section.value("host", client.host().replace(':', '_'), ConfigFile::label);
        section.end();
        if (client.port() == 0 || peer.port() == 0 || admin.port() == 0) {
            section.problem(
                    "client", "a node that joins tells the others its addresses before it listens: no port may be 0");
        }
        requireReachable(section, "client", client, seeds);
        requireReachable(section, "peer", peer, seeds);
        return new NodeSettings.Joining(
                seeds, token, weight, datacenter, rack, host, client, peer, admin, root.has("replication"));
    }

    /** What the node listens on is a bad guess for what others call it when it is no address at all, or one of this machine only. */
    private static void requireReachable(YamlSection section, String key, Address told, List<Address> seeds) {
        boolean everywhere = told.host().equals("0.0.0.0") || told.host().equals("::");
        boolean elsewhere = seeds.stream().noneMatch(Address::isLoopback) && !seeds.isEmpty();
        if (everywhere || elsewhere && told.isLoopback()) {
            section.problem(
                    key, "the other nodes cannot reach this one at " + told + ": say where they can, with join." + key);
        }
    }

    private @Nullable Node parse(String text) throws ConfigException {
        LoadSettings settings = LoadSettings.builder()
                .setLabel(reading.file)
                .setUseMarks(true)
                .setMaxAliasesForCollections(10)
                .build();
        try {
            return new Compose(settings).composeString(text).orElse(null);
        } catch (MarkedYamlEngineException bad) {
            int line = bad.getProblemMark().map(mark -> mark.getLine() + 1).orElse(1);
            throw new ConfigException(List.of(reading.file + ":" + line + ": not YAML: " + bad.getProblem()));
        } catch (YamlEngineException bad) {
            throw new ConfigException(List.of(reading.file + ": not YAML: " + bad.getMessage()));
        }
    }

    private static NodeSettings.Cluster cluster(YamlSection section) {
        String id = section.required("id", new UUID(0, 0).toString(), text -> {
            if (!text.matches("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")) {
                throw new IllegalArgumentException("'" + text + "' is not a UUID");
            }
            return UUID.fromString(text).toString();
        });
        int number = section.integer("number", 1, 0, 1_000_000);
        String name = section.text("name", "quorate");
        section.end();
        return new NodeSettings.Cluster(id, number, name);
    }

    /** Ordered by id. A cluster without a list is this node alone. */
    private static List<NodeSettings.MemberSettings> members(YamlSection root, NodeId node) {
        Map<NodeId, NodeSettings.MemberSettings> members = new TreeMap<>();
        Map<Address, String> taken = new LinkedHashMap<>();
        for (YamlSection item : root.sections("members")) {
            NodeId id = item.required("id", node, NodeId::parse);
            Address client = item.required("client", new Address("127.0.0.1", 7400), Address::parse);
            Address peer = item.required("peer", new Address("127.0.0.1", 7401), Address::parse);
            Address admin = item.required("admin", new Address("127.0.0.1", 7402), Address::parse);
            double weight = item.decimal("weight", 1, 0.001, 1_000_000);
            String datacenter = item.value("datacenter", "dc1", ConfigFile::label);
            String rack = item.value("rack", "rack1", ConfigFile::label);
            // Two processes on one machine die together, so the machine is the label unless somebody knows better.
            String host = item.value("host", client.host().replace(':', '_'), ConfigFile::label);
            Optional<Address> via = item.value("via", Optional.empty(), text -> Optional.of(Address.parse(text)));
            item.end();
            Member placement = new Member(id, weight, datacenter, rack, host);
            if (members.putIfAbsent(id, new NodeSettings.MemberSettings(placement, client, peer, admin, via)) != null) {
                item.problem("id", id + " is a member twice");
            }
            Map.of("client", client, "peer", peer, "admin", admin).forEach((kind, address) -> {
                String owner = address.port() == 0 ? null : taken.putIfAbsent(address, id + "'s " + kind + " address");
                if (owner != null) {
                    item.problem(kind, address + " is " + owner + " already");
                }
            });
        }
        return new ArrayList<>(members.values());
    }

    /** This node must be among the members; it is added when there is no list at all. */
    private static void requireSelf(YamlSection root, List<NodeSettings.MemberSettings> members, NodeId node) {
        if (members.stream().anyMatch(member -> member.id().equals(node))) {
            return;
        }
        if (!members.isEmpty()) {
            List<String> ids =
                    members.stream().map(member -> member.id().toString()).toList();
            root.problem("node", node + " is none of the members " + String.join(", ", ids));
        }
        YamlSection listen = root.section("listen");
        members.add(new NodeSettings.MemberSettings(
                new Member(node, 1, "dc1", "rack1", node.toString()),
                lenient(listen, "client", 7400),
                lenient(listen, "peer", 7401),
                lenient(listen, "admin", 7402),
                Optional.empty()));
    }

    /** The address as written, or the default: {@link #listen} reports what is wrong with it. */
    private static Address lenient(YamlSection listen, String key, int port) {
        Address whenAbsent = new Address("127.0.0.1", port);
        return listen.value(key, whenAbsent, text -> {
            try {
                return Address.parse(text);
            } catch (IllegalArgumentException reportedLater) {
                return whenAbsent;
            }
        });
    }

    private static NodeSettings.Listen listen(YamlSection root, NodeSettings.Listen whenAbsent, boolean insecure) {
        YamlSection section = root.section("listen");
        NodeSettings.Listen listen = new NodeSettings.Listen(
                section.value("client", whenAbsent.client(), Address::parse),
                section.value("peer", whenAbsent.peer(), Address::parse),
                section.value("admin", whenAbsent.admin(), Address::parse));
        section.end();
        requireLoopback(section, "client", listen.client(), insecure);
        requireLoopback(section, "peer", listen.peer(), insecure);
        requireLoopback(section, "admin", listen.admin(), insecure);
        return listen;
    }

    private static void requireLoopback(YamlSection section, String key, Address address, boolean insecure) {
        if (!insecure && !address.isLoopback()) {
            section.problem(
                    key,
                    address
                            + " can be reached by other machines, and nothing is encrypted or authenticated yet: listen on"
                            + " 127.0.0.1, or write 'insecure: true' to accept that");
        }
    }

    /** A secret that stands here, if nobody else reads the file, or in a file of its own: {@code key: {file: name}}. */
    private <T> T secret(YamlSection owner, String key, T standIn, Function<String, T> parser) {
        if (!owner.has(key) || owner.isScalar(key)) {
            if (owner.isScalar(key) && readableByOthers) {
                owner.problem(
                        key,
                        key + " is a secret in a file that other users can read: chmod 600 " + reading.file
                                + ", or name a file: " + key + ": {file: cluster.key}");
            }
            return owner.required(key, standIn, parser);
        }
        YamlSection section = owner.section(key);
        T secret = section.required("file", standIn, name -> {
            Path file = directory.resolve(name);
            try {
                if (isReadableByOthers(file)) {
                    throw new IllegalArgumentException(
                            "other users can read " + file + ", which holds a secret: chmod 600 " + file);
                }
                return parser.apply(Files.readString(file).strip());
            } catch (NoSuchFileException missing) {
                throw new IllegalArgumentException(file + " does not exist", missing);
            } catch (IOException unreadable) {
                throw new IllegalArgumentException(file + " cannot be read: " + unreadable, unreadable);
            }
        });
        section.end();
        return secret;
    }

    /** The secret itself stays out of the message. */
    private static String token(String text) {
        if (!text.matches("[!-~]{16,256}")) {
            throw new IllegalArgumentException("not 16 to 256 printable characters without spaces");
        }
        return text;
    }

    /** The configured buckets, and {@code default} if it is not among them. */
    private static List<Bucket> buckets(YamlSection root, int width) {
        Map<String, Bucket> byName = new TreeMap<>();
        Set<Integer> ids = new TreeSet<>();
        int usual = Math.min(DEFAULT_REPLICAS, width);
        for (YamlSection item : root.sections("buckets")) {
            String name = item.required("name", "unnamed", text -> text);
            int id = item.integer("id", 0, 1, 1_000_000_000);
            int n = item.integer("n", usual, 1, 16);
            int r = item.integer("r", n / 2 + 1, 1, 16);
            int w = item.integer("w", n / 2 + 1, 1, 16);
            Bucket.BlindWrites blind =
                    item.choice("blindWrites", Bucket.BlindWrites.OVERWRITE_SEEN, Bucket.BlindWrites.class);
            Mode readMode = item.choice("readMode", Mode.STRICT, Mode.class);
            Mode writeMode = item.choice("writeMode", Mode.SLOPPY, Mode.class);
            Bucket.Repair repair = item.choice("readRepair", Bucket.Repair.ASYNC, Bucket.Repair.class);
            if (!item.has("id")) {
                item.problem(
                        "id",
                        "bucket '" + name + "' needs an id: a number that never changes, part of where keys live");
            }
            item.end();
            if (n > width) {
                item.problem(
                        "n",
                        "bucket '" + name + "' wants " + n + " replicas; this cluster keeps at most " + width
                                + " (setting 'replicas', and one per host)");
            }
            if (!ids.add(id) && item.has("id")) {
                item.problem("id", "id " + id + " belongs to another bucket already");
            }
            try {
                Bucket bucket = new Bucket(name, Math.max(1, id), n, r, w, blind, readMode, writeMode, repair);
                if (byName.put(name, bucket) != null) {
                    item.problem("name", "bucket '" + name + "' is configured twice");
                }
            } catch (IllegalArgumentException bad) {
                item.problem("name", String.valueOf(bad.getMessage()));
            }
        }
        if (!byName.containsKey(Bucket.DEFAULT_NAME)) {
            if (ids.contains(1)) {
                root.problem(
                        "buckets",
                        "id 1 is reserved for the bucket 'default', which is there without being configured");
            }
            int majority = usual / 2 + 1;
            byName.put(
                    Bucket.DEFAULT_NAME,
                    new Bucket(Bucket.DEFAULT_NAME, 1, usual, majority, majority, Bucket.BlindWrites.OVERWRITE_SEEN));
        }
        return List.copyOf(byName.values());
    }

    private StorageConfig storage(YamlSection section) {
        StorageConfig defaults = StorageConfig.defaults(directory.resolve("data"));
        Path dir = section.value(
                "dir", defaults.directory(), text -> directory.resolve(text).normalize());
        long memoryTable = section.size("memoryTable", defaults.memoryTableBytes(), 64 * KIB, 4 * GIB);
        Duration flushAfter =
                section.duration("flushAfter", defaults.memoryTableAge(), Duration.ofSeconds(1), Duration.ofHours(1));
        long segment = section.size("logSegment", defaults.segmentBytes(), MIB, GIB);
        long queue = section.size("logQueue", defaults.queueBytes(), MIB, GIB);
        long map = section.size("map", defaults.mapBytes(), 0, 16 * 1024 * GIB);
        long reserve = section.size("reserve", defaults.diskReserveBytes(), 0, 1024 * GIB);
        int reservePercent = section.integer("reservePercent", defaults.diskReservePercent(), 0, 90);
        StorageConfig.ReadMode reads = section.choice("reads", defaults.reads(), StorageConfig.ReadMode.class);
        int readThreads = section.integer("readThreads", defaults.readThreads(), 1, 64);
        section.end();
        try {
            return new StorageConfig(
                    dir,
                    segment,
                    queue,
                    memoryTable,
                    flushAfter,
                    map,
                    reserve,
                    reservePercent,
                    reads,
                    readThreads,
                    defaults.closeTimeout());
        } catch (IllegalArgumentException contradiction) {
            section.problem("dir", "storage: " + contradiction.getMessage());
            return defaults;
        }
    }

    private static ReplicationConfig replication(YamlSection root) {
        ReplicationConfig defaults = ReplicationConfig.DEFAULTS;
        YamlSection section = root.section("replication");
        Duration least = Duration.ofMillis(1);
        Duration most = Duration.ofMinutes(5);
        Duration timeout = section.duration("timeout", defaults.defaultTimeout(), least, most);
        Duration maxTimeout = section.duration("maxTimeout", defaults.maxTimeout(), least, most);
        Duration hedgeAfter = section.duration("hedgeAfter", defaults.hedgeAfter(), least, most);
        double hedgeBudget = section.decimal("hedgeBudget", defaults.hedgeBudget(), 0, 1);
        double compare = section.decimal("compareProbability", defaults.compareProbability(), 0, 1);
        int repairs = section.integer("repairsPerSecond", defaults.repairsPerSecond(), 0, 1_000_000);
        Duration standInAfter = section.duration("standInAfter", defaults.standInAfter(), least, most);
        long hintBytes = section.size("hintBytesPerOwner", defaults.hintBytesPerOwner(), 0, 16 * 1024 * GIB);
        int record = (int) section.size("maxRecord", defaults.maxRecordBytes(), 1, MIB);
        int siblings = section.integer("maxSiblings", defaults.maxSiblings(), 2, 32);
        section.end();
        if (maxTimeout.compareTo(timeout) < 0) {
            section.problem("maxTimeout", "replication.maxTimeout is below replication.timeout");
            return defaults;
        }
        return new ReplicationConfig(
                timeout,
                maxTimeout,
                hedgeAfter,
                hedgeBudget,
                compare,
                repairs,
                standInAfter,
                hintBytes,
                record,
                siblings);
    }

    private static void requireRoomForObjects(
            YamlSection section, StorageConfig storage, ReplicationConfig replication) {
        roomProblem(storage, replication).ifPresent(problem -> section.problem("logSegment", problem));
    }

    /** An object that were accepted and did not fit in the log would end the node that has to write it. */
    public static Optional<String> roomProblem(StorageConfig storage, ReplicationConfig replication) {
        long siblings = replication.maxSiblings() + 1L;
        long largest = siblings * (replication.maxRecordBytes() + SIBLING_OVERHEAD) + OBJECT_OVERHEAD;
        return largest <= storage.largestBatchBytes()
                ? Optional.empty()
                : Optional.of("storage.logSegment is too small for a key with " + siblings
                        + " siblings of replication.maxRecord: "
                        + largest + " bytes, and such a log takes " + storage.largestBatchBytes()
                        + " at once. Enlarge it, or lower maxRecord or maxSiblings");
    }

    private static HandoffConfig handoff(YamlSection section) {
        HandoffConfig defaults = HandoffConfig.DEFAULTS;
        HandoffConfig handoff = new HandoffConfig(
                section.duration("settle", defaults.settle(), Duration.ZERO, Duration.ofHours(1)),
                section.duration("jitter", defaults.jitter(), Duration.ZERO, Duration.ofHours(1)),
                section.integer("keysPerSecond", defaults.keysPerSecond(), 1, 10_000_000),
                section.size("bytesPerSecond", defaults.bytesPerSecond(), MIB, 16 * GIB),
                section.integer("senders", defaults.senders(), 1, 1000),
                section.duration("window", defaults.window(), Duration.ofMinutes(1), Duration.ofDays(365)));
        section.end();
        return handoff;
    }

    private static TransferConfig transfer(YamlSection section) {
        TransferConfig defaults = TransferConfig.DEFAULTS;
        TransferConfig transfer = new TransferConfig(
                section.integer("outgoing", defaults.outgoing(), 1, 64),
                section.integer("incoming", defaults.incoming(), 1, 64),
                defaults.forwardTimeout(),
                defaults.callTimeout(),
                defaults.retry(),
                defaults.giveUpAfter(),
                section.duration("purgeDelay", defaults.purgeDelay(), Duration.ZERO, Duration.ofDays(7)),
                defaults.purgePage(),
                defaults.purgePause(),
                section.integer("keysPerSecond", defaults.keysPerSecond(), 1, 10_000_000),
                section.size("bytesPerSecond", defaults.bytesPerSecond(), MIB, 16 * GIB));
        section.end();
        return transfer;
    }

    private static NodeSettings.Limits limits(YamlSection section) {
        NodeSettings.Limits defaults = LIMIT_DEFAULTS;
        NodeSettings.Limits limits = new NodeSettings.Limits(
                section.integer("operations", defaults.operations(), 1, 1_000_000),
                section.size("operationBytes", defaults.operationBytes(), MIB, 16 * GIB),
                section.integer("pipelineOperations", defaults.pipelineOperations(), 1, 100_000),
                section.integer("callsPerConnection", defaults.callsPerConnection(), 1, 100_000),
                section.size("peerQueue", defaults.peerQueueBytes(), MIB, 4 * GIB));
        section.end();
        return limits;
    }

    private static int slots(String text) {
        if (text.matches("[0-9]{1,6}")) {
            int slots = Integer.parseInt(text);
            if (slots >= 1 && slots <= 1 << SlotTable.MAX_LOG2_SLOTS && Integer.bitCount(slots) == 1) {
                return log2(slots);
            }
        }
        throw new IllegalArgumentException(
                "'" + text + "' is not a power of two from 1 to " + (1 << SlotTable.MAX_LOG2_SLOTS) + ", such as 1024");
    }

    private static int log2(int powerOfTwo) {
        return Integer.numberOfTrailingZeros(powerOfTwo);
    }

    private static String label(String text) {
        if (!text.matches("[A-Za-z0-9._-]{1,64}")) {
            throw new IllegalArgumentException("'" + text + "' is not 1 to 64 of A-Z a-z 0-9 . _ -");
        }
        return text;
    }

    /** The secret itself stays out of the message. */
    private static Bytes bytes(String hex, int least, int most) {
        byte[] bytes;
        try {
            bytes = HexFormat.of().parseHex(hex);
        } catch (IllegalArgumentException bad) {
            throw new IllegalArgumentException("not hexadecimal digits, two per byte", bad);
        }
        if (bytes.length < least || bytes.length > most) {
            throw new IllegalArgumentException(bytes.length + " bytes, where "
                    + (least == most ? least + " are" : least + " to " + most + " are") + " needed");
        }
        return Bytes.owning(bytes);
    }

    private static boolean isReadableByOthers(Path file) throws IOException {
        if (!Files.getFileStore(file).supportsFileAttributeView("posix")) {
            return false;
        }
        Set<PosixFilePermission> permissions = EnumSet.noneOf(PosixFilePermission.class);
        permissions.addAll(Files.getPosixFilePermissions(file));
        return permissions.contains(PosixFilePermission.GROUP_READ)
                || permissions.contains(PosixFilePermission.OTHERS_READ);
    }
}
