package dev.quorate.integration;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Shows what the nodes have said when a test fails: their files go with the test's folder. */
final class NodeLogs implements AfterTestExecutionCallback {
    private static final List<Cluster> CLUSTERS = new CopyOnWriteArrayList<>();

    static void watch(Cluster cluster) {
        CLUSTERS.add(cluster);
    }

    @Override
    public void afterTestExecution(ExtensionContext context) {
        if (context.getExecutionException().isPresent()) {
            for (Cluster cluster : CLUSTERS) {
                for (ClusterNode node : cluster.everStarted()) {
                    System.out.println("---- " + context.getDisplayName() + ": log of " + node.id() + " ("
                            + (node.alive() ? "running" : "ended") + ") ends with\n" + node.logTail());
                }
            }
        }
        CLUSTERS.removeIf(cluster -> cluster.everStarted().stream().noneMatch(ClusterNode::alive));
    }
}
