package dev.quorate.cli.hints;

import dev.quorate.cli.connect.AdminConnection;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.proto.admin.v1.HintBacklog;
import dev.quorate.proto.admin.v1.HintServiceGrpc;
import dev.quorate.proto.admin.v1.ListHintsRequest;
import dev.quorate.proto.kv.v1.Topology;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What every node keeps. A node that does not answer may keep something too, and is named. */
record HintKeepers(List<Kept> kept, List<Silent> silent) {
    /** One node's backlog for one owner. */
    record Kept(String node, HintBacklog backlog) {}

    /** A node that did not answer. */
    record Silent(String node, String problem) {}

    /** @param owner null for all */
    static HintKeepers of(AdminConnection admin, @Nullable String owner) {
        List<Kept> kept = new ArrayList<>();
        List<Silent> silent = new ArrayList<>();
        for (Topology.Node node : admin.topology().getNodesList()) {
            try {
                admin
                        .callAt(
                                node.getAdminAddress(),
                                (channel, deadline) -> HintServiceGrpc.newBlockingStub(channel)
                                        .withDeadline(deadline)
                                        .listHints(ListHintsRequest.getDefaultInstance()))
                        .getBacklogsList()
                        .stream()
                        .filter(backlog -> owner == null || backlog.getOwner().equals(owner))
                        .forEach(backlog -> kept.add(new Kept(node.getId(), backlog)));
            } catch (CommandFailure failure) {
                silent.add(new Silent(node.getId(), failure.text()));
            }
        }
        return new HintKeepers(kept, silent);
    }

    long keys() {
        return kept.stream().mapToLong(each -> each.backlog().getKeys()).sum();
    }
}
