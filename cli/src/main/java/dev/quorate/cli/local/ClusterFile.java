package dev.quorate.cli.local;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a cluster's folder remembers between commands: who the members are and which processes were last started for
 * them. Secrets are only in the nodes' own configuration files.
 */
public record ClusterFile(String clusterId, int replicas, List<Node> nodes, Optional<Proxy> proxy) {
    private static final int FORMAT = 1;

    public ClusterFile {
        nodes = List.copyOf(nodes);
    }

    /**
     * Stands between the nodes, so that links can be broken on purpose.
     *
     * @param process the process last started for it, alive or not; null before the first start and after a stop
     */
    public record Proxy(List<ProxiedLink> links, @Nullable ProcessIdentity process) {
        public Proxy {
            links = List.copyOf(links);
        }

        public boolean alive() {
            return process != null && process.alive();
        }

        public Proxy with(@Nullable ProcessIdentity started) {
            return new Proxy(links, started);
        }
    }

    /** @param port where the node with number {@code from} finds the node with number {@code to} */
    public record ProxiedLink(int from, int to, int port) {}

    /**
     * A member.
     *
     * @param process the process last started for it, alive or not; null before the first start and after a stop
     */
    public record Node(
            int number,
            int clientPort,
            int peerPort,
            int adminPort,
            String heap,
            @Nullable ProcessIdentity process) {

        public String id() {
            return "n" + number;
        }

        public String clientAddress() {
            return "127.0.0.1:" + clientPort;
        }

        public String adminAddress() {
            return "127.0.0.1:" + adminPort;
        }

        public boolean alive() {
            return process != null && process.alive();
        }

        public Node with(@Nullable ProcessIdentity started) {
            return new Node(number, clientPort, peerPort, adminPort, heap, started);
        }
    }

    /** @param id {@code n2} or {@code 2} */
    public Optional<Node> node(String id) {
        String number = id.startsWith("n") ? id.substring(1) : id;
        return nodes.stream()
                .filter(node -> Integer.toString(node.number()).equals(number))
                .findFirst();
    }

    public ClusterFile with(Node changed) {
        return new ClusterFile(
                clusterId,
                replicas,
                nodes.stream()
                        .map(node -> node.number() == changed.number() ? changed : node)
                        .toList(),
                proxy);
    }

    public ClusterFile plus(Node added) {
        List<Node> more = new ArrayList<>(nodes);
        more.add(added);
        return new ClusterFile(clusterId, replicas, more, proxy);
    }

    public ClusterFile without(Node removed) {
        return new ClusterFile(
                clusterId,
                replicas,
                nodes.stream().filter(node -> node.number() != removed.number()).toList(),
                proxy);
    }

    public ClusterFile with(Proxy changed) {
        return new ClusterFile(clusterId, replicas, nodes, Optional.of(changed));
    }

    /** Where one node finds another. */
    public int peerPort(Node from, Node to) {
        return proxy.stream()
                .flatMap(each -> each.links().stream())
                .filter(link -> link.from() == from.number() && link.to() == to.number())
                .map(ProxiedLink::port)
                .findFirst()
                .orElse(to.peerPort());
    }

    String toJson() {
        JsonObject json = new JsonObject();
        json.addProperty("format", FORMAT);
        json.addProperty("clusterId", clusterId);
        json.addProperty("replicas", replicas);
        JsonArray array = new JsonArray();
        for (Node node : nodes) {
            JsonObject entry = new JsonObject();
            entry.addProperty("number", node.number());
            entry.addProperty("clientPort", node.clientPort());
            entry.addProperty("peerPort", node.peerPort());
            entry.addProperty("adminPort", node.adminPort());
            entry.addProperty("heap", node.heap());
            addProcess(entry, node.process());
            array.add(entry);
        }
        json.add("nodes", array);
        proxy.ifPresent(each -> json.add("proxy", toJson(each)));
        return json.toString();
    }

    private static JsonObject toJson(Proxy proxy) {
        JsonObject json = new JsonObject();
        JsonArray links = new JsonArray();
        for (ProxiedLink link : proxy.links()) {
            JsonObject entry = new JsonObject();
            entry.addProperty("from", link.from());
            entry.addProperty("to", link.to());
            entry.addProperty("port", link.port());
            links.add(entry);
        }
        json.add("links", links);
        addProcess(json, proxy.process());
        return json;
    }

    private static void addProcess(JsonObject entry, @Nullable ProcessIdentity process) {
        if (process != null) {
            entry.addProperty("pid", process.pid());
            entry.addProperty("processStart", process.start());
        }
    }

    private static @Nullable ProcessIdentity process(JsonObject entry) {
        return entry.has("pid")
                ? new ProcessIdentity(
                        entry.get("pid").getAsLong(), entry.get("processStart").getAsString())
                : null;
    }

    private static Proxy proxy(JsonObject json) {
        List<ProxiedLink> links = new ArrayList<>();
        for (JsonElement element : json.getAsJsonArray("links")) {
            JsonObject entry = element.getAsJsonObject();
            links.add(new ProxiedLink(
                    entry.get("from").getAsInt(),
                    entry.get("to").getAsInt(),
                    entry.get("port").getAsInt()));
        }
        return new Proxy(links, process(json));
    }

    /** @throws IllegalArgumentException when the text is not such a file, or one of a later version */
    static ClusterFile fromJson(String text) {
        try {
            JsonObject json = JsonParser.parseString(text).getAsJsonObject();
            int format = json.get("format").getAsInt();
            if (format != FORMAT) {
                throw new IllegalArgumentException("format " + format + " where this version knows " + FORMAT);
            }
            List<Node> nodes = new ArrayList<>();
            for (JsonElement element : json.getAsJsonArray("nodes")) {
                JsonObject entry = element.getAsJsonObject();
                nodes.add(new Node(
                        entry.get("number").getAsInt(),
                        entry.get("clientPort").getAsInt(),
                        entry.get("peerPort").getAsInt(),
                        entry.get("adminPort").getAsInt(),
                        entry.get("heap").getAsString(),
                        process(entry)));
            }
            return new ClusterFile(
                    json.get("clusterId").getAsString(),
                    json.get("replicas").getAsInt(),
                    nodes,
                    json.has("proxy") ? Optional.of(proxy(json.getAsJsonObject("proxy"))) : Optional.empty());
        } catch (JsonParseException | IllegalStateException | NullPointerException | UnsupportedOperationException e) {
            throw new IllegalArgumentException("not a cluster file: " + e, e);
        }
    }
}
