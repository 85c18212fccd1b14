package dev.quorate.integration;

import dev.quorate.cli.faults.Direction;
import dev.quorate.cli.faults.Disturbance;
import dev.quorate.cli.faults.FaultProxy;
import dev.quorate.cli.faults.Link;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The ways between the nodes of a cluster. Where those of clients are proxied too, a client that learned of the cluster from one node takes
 * that node's way to the others: when the node is cut off, so is the client.
 */
final class Links implements AutoCloseable {
    /** What is looked for at the other end. */
    enum Port {
        PEER,
        CLIENT
    }

    private record Way(Port port, int from, int to) {}

    private final Map<Way, Integer> ports;
    private final @Nullable FaultProxy proxy;

    private Links(Map<Way, Integer> ports, @Nullable FaultProxy proxy) {
        this.ports = ports;
        this.proxy = proxy;
    }

    /** @param proxied empty for nothing in between, and nothing to disturb */
    static Links between(List<ClusterNode> nodes, Set<Port> proxied) throws IOException {
        Map<Way, Integer> ports = new HashMap<>();
        List<Link> links = new ArrayList<>();
        for (ClusterNode from : nodes) {
            for (ClusterNode to : nodes) {
                if (from != to) {
                    for (Port port : proxied) {
                        int own = FreePorts.next();
                        ports.put(new Way(port, from.number(), to.number()), own);
                        links.add(new Link(
                                from.number(),
                                to.number(),
                                local(own),
                                local(port == Port.PEER ? to.peerPort() : to.clientPort())));
                    }
                }
            }
        }
        return new Links(ports, links.isEmpty() ? null : FaultProxy.start(links));
    }

    private static InetSocketAddress local(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    Optional<Integer> proxied(Port port, int from, int to) {
        return Optional.ofNullable(ports.get(new Way(port, from, to)));
    }

    /** Nothing that these send arrives at those. It takes the place of all that was disturbed before. */
    void cutOneWay(Collection<Integer> from, Collection<Integer> to) {
        disturb(Disturbance.CUT, from, to, false);
    }

    void cut(Collection<Integer> ones, Collection<Integer> others) {
        disturb(Disturbance.CUT, ones, others, true);
    }

    /** Both ways. */
    void disturb(Disturbance disturbance, Collection<Integer> ones, Collection<Integer> others) {
        disturb(disturbance, ones, others, true);
    }

    private void disturb(
            Disturbance disturbance, Collection<Integer> ones, Collection<Integer> others, boolean bothWays) {
        Map<Direction, Disturbance> disturbed = new TreeMap<>();
        for (int one : ones) {
            for (int other : others) {
                Direction direction = new Direction(one, other);
                disturbed.put(direction, disturbance);
                if (bothWays) {
                    disturbed.put(direction.reversed(), disturbance);
                }
            }
        }
        proxy().disturb(disturbed);
    }

    void heal() {
        proxy().heal();
    }

    void reset(int one, int other) {
        proxy().reset(one, other);
    }

    /** All bytes that went through, whoever sent them. */
    long forwardedBytes() {
        return proxy().forwardedBytes();
    }

    private FaultProxy proxy() {
        if (proxy == null) {
            throw new IllegalStateException("the plan of this cluster says nothing of proxies");
        }
        return proxy;
    }

    @Override
    public void close() {
        if (proxy != null) {
            proxy.close();
        }
    }
}
