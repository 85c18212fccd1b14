package dev.quorate.cli.dev;

import dev.quorate.cli.faults.Direction;
import dev.quorate.cli.faults.FaultProxy;
import dev.quorate.cli.faults.Link;
import dev.quorate.cli.local.ClusterFile;
import dev.quorate.cli.local.ClusterFolder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/**
 * The proxy of a local cluster, in a process of its own that outlives the command which started it. It does what {@code faults.json} in the
 * cluster's folder says, and ends when the folder is gone.
 */
final class FaultProxyProcess {
    private static final long LOOK_MILLIS = 25;

    private FaultProxyProcess() {}

    /** @param arguments the cluster's folder */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        ClusterFolder folder = new ClusterFolder(Path.of(arguments[0]));
        ClusterFile cluster = folder.read().orElseThrow();
        try (FaultProxy proxy = FaultProxy.start(links(cluster))) {
            long inForce = -1;
            while (Files.exists(folder.root().resolve("cluster.json"))) {
                FaultPlan plan = FaultPlan.read(folder);
                if (plan.revision() != inForce) {
                    proxy.disturb(plan.disturbances());
                    for (Direction direction : plan.resets()) {
                        proxy.reset(direction.from(), direction.to());
                    }
                    inForce = plan.revision();
                    folder.replace(folder.faultsInForce(), Long.toString(inForce));
                    System.out.println("revision " + inForce + ": "
                            + (plan.disturbances().isEmpty() ? "nothing disturbed" : plan.disturbances()));
                }
                Thread.sleep(LOOK_MILLIS);
            }
        } catch (NoSuchFileException folderIsGone) {
            System.out.println("ends: " + folderIsGone.getMessage() + " is gone");
        }
    }

    private static List<Link> links(ClusterFile cluster) {
        return cluster.proxy().orElseThrow().links().stream()
                .map(link -> new Link(
                        link.from(),
                        link.to(),
                        local(link.port()),
                        local(cluster.node("n" + link.to()).orElseThrow().peerPort())))
                .toList();
    }

    private static InetSocketAddress local(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }
}
