package dev.quorate.server.app;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.ring.CurrentRing;
import dev.quorate.core.ring.NodeEntry;
import dev.quorate.server.config.Address;
import dev.quorate.server.config.NodeSettings;
import dev.quorate.server.grpc.MemberDirectory;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where the nodes of the ring are. The ring says so, but what the node's own file says of a founding node counts more: that is how one which has
 * moved is found again. This node's own ports are those that were bound.
 */
final class Directory implements Supplier<MemberDirectory> {
    private static final Logger LOG = LoggerFactory.getLogger(Directory.class);

    private final NodeId self;
    private final CurrentRing ring;
    private final SortedMap<NodeId, NodeSettings.MemberSettings> founders = new TreeMap<>();
    private int clientPort;
    private int peerPort;
    private int adminPort;

    Directory(NodeSettings settings, NodeId self, CurrentRing ring) {
        this.self = self;
        this.ring = ring;
        for (NodeSettings.MemberSettings founder : settings.origin()
                .match(NodeSettings.Founding::members, joining -> List.<NodeSettings.MemberSettings>of())) {
            founders.put(founder.id(), founder);
        }
    }

    synchronized void bound(int client, int peer, int admin) {
        clientPort = client;
        peerPort = peer;
        adminPort = admin;
    }

    @Override
    public synchronized MemberDirectory get() {
        List<MemberDirectory.Entry> entries = new ArrayList<>();
        for (NodeEntry node : ring.state().nodes().values()) {
            NodeSettings.MemberSettings founder = founders.get(node.id());
            entries.add(new MemberDirectory.Entry(
                    node,
                    shown(
                            node,
                            founder == null
                                    ? node.clientAddress()
                                    : founder.client().toString(),
                            clientPort),
                    shown(
                            node,
                            founder == null
                                    ? node.peerAddress()
                                    : founder.peer().toString(),
                            peerPort),
                    shown(
                            node,
                            founder == null
                                    ? node.adminAddress()
                                    : founder.admin().toString(),
                            adminPort)));
        }
        return new MemberDirectory(entries);
    }

    private String shown(NodeEntry node, String address, int boundPort) {
        if (!node.id().equals(self) || !address.endsWith(":0")) {
            return address;
        }
        return Address.parse(address).withPort(boundPort).toString();
    }

    /** The way to each of the others that take part. Call on the loop. */
    SortedMap<NodeId, Supplier<InetSocketAddress>> peers() {
        SortedMap<NodeId, Supplier<InetSocketAddress>> addresses = new TreeMap<>();
        for (NodeEntry node : ring.state().active()) {
            if (node.id().equals(self)) {
                continue;
            }
            NodeSettings.MemberSettings founder = founders.get(node.id());
            if (founder != null) {
                Address way = founder.via().orElse(founder.peer());
                addresses.put(node.id(), way::unresolved);
                continue;
            }
            try {
                Address way = Address.parse(node.peerAddress());
                addresses.put(node.id(), way::unresolved);
            } catch (IllegalArgumentException unreadable) {
                LOG.warn("{} cannot be reached: {}", node.id(), unreadable.getMessage());
            }
        }
        return addresses;
    }
}
