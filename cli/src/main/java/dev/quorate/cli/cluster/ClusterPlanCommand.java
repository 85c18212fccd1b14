package dev.quorate.cli.cluster;

import com.google.gson.JsonObject;
import dev.quorate.cli.connect.AdminConnection;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.Json;
import dev.quorate.cli.terminal.KvctlCommand;
import dev.quorate.cli.terminal.Table;
import dev.quorate.proto.admin.v1.GetPlanResponse;
import dev.quorate.proto.admin.v1.Move;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** What a commit would do, before anything is done. */
@Command(
        name = "plan",
        description = "What committing the staged changes would move, and why.",
        footer = {
            "",
            "Commit it by its id: if the ring changes in between, the commit is refused (6) and the plan has to be looked at again.",
            "Bytes are estimated from what the answering node holds."
        })
public final class ClusterPlanCommand extends KvctlCommand {
    @Option(names = "--explain", paramLabel = "NODE", description = "Explain every move of this node, for example n4.")
    private String explain = "";

    @Option(names = "--moves", description = "Print every single move.")
    private boolean moves;

    @Override
    protected ExitCode run() {
        GetPlanResponse plan;
        try (AdminConnection admin = AdminConnection.of(options())) {
            plan = ClusterChanges.plan(admin, explain.isEmpty() ? "" : StageCommand.node(explain));
        }
        if (options().json()) {
            printJson(json(plan));
            return ExitCode.OK;
        }
        if (plan.getPlanId().isEmpty()) {
            say("nothing is staged in ring " + ClusterChanges.ring(plan.getRingVersion())
                    + "; next: kvctl cluster join, leave, replace, weight or relabel");
            return ExitCode.OK;
        }
        printPlan(plan);
        plan.getWarningsList().forEach(warning -> say("warning: " + warning));
        say(ClusterChanges.summary(plan));
        say("next: kvctl cluster commit " + plan.getPlanId() + " --wait");
        return ExitCode.OK;
    }

    private void printPlan(GetPlanResponse plan) {
        Table changes = new Table("CHANGES");
        plan.getChangesList().forEach(change -> changes.row(ClusterChanges.words(change)));
        print(changes);
        printLine("");
        Table nodes = new Table(
                "NODE", "THEN", "WEIGHT", "SLOTS", "AFTER", "DUE", "GETS", "GIVES", "BYTES", "AFTER", "PEAK",
                "BECAUSE");
        for (GetPlanResponse.Node node : plan.getNodesList()) {
            nodes.row(
                    node.getId(),
                    ClusterChanges.words(node.getStatusAfter()),
                    ClusterChanges.decimal(node.getWeight()),
                    node.getSlotsBefore(),
                    node.getSlotsAfter(),
                    node.getSlotsDue(),
                    node.getSlotsIn(),
                    node.getSlotsOut(),
                    bytes(plan, node.getBytesBefore()),
                    bytes(plan, node.getBytesAfter()),
                    bytes(plan, node.getPeakBytes()),
                    node.getBecause().isEmpty() ? "-" : node.getBecause());
        }
        print(nodes);
        if (plan.getFlowsCount() > 0) {
            printLine("");
            Table flows = new Table("FROM", "TO", "SLOTS", "BYTES");
            plan.getFlowsList()
                    .forEach(flow ->
                            flows.row(flow.getFrom(), flow.getTo(), flow.getSlots(), bytes(plan, flow.getBytes())));
            print(flows);
        }
        if (moves && plan.getMovesCount() > 0) {
            printLine("");
            Table table = new Table("SLOT", "PLACE", "KIND", "FROM", "TO");
            for (Move move : plan.getMovesList()) {
                table.row(move.getSlot(), move.getPosition(), ChangeJson.kind(move), move.getFrom(), move.getTo());
            }
            print(table);
        }
        if (plan.getExplanationCount() > 0) {
            printLine("");
            plan.getExplanationList().forEach(this::printLine);
        }
    }

    private static String bytes(GetPlanResponse plan, long bytes) {
        return plan.getBytesPerSlot() == 0 ? "?" : ClusterChanges.bytes(bytes);
    }

    private static JsonObject json(GetPlanResponse plan) {
        JsonObject json = new JsonObject();
        json.addProperty("planId", plan.getPlanId());
        json.addProperty("ringVersion", plan.getRingVersion());
        json.add("changes", Json.array(plan.getChangesList(), ChangeJson::of));
        json.add("nodes", Json.array(plan.getNodesList(), ClusterPlanCommand::json));
        json.add("flows", Json.array(plan.getFlowsList(), ClusterPlanCommand::json));
        json.add("moves", Json.array(plan.getMovesList(), ChangeJson::of));
        json.addProperty("fewestMoves", plan.getFewestMoves());
        json.add("warnings", Json.strings(plan.getWarningsList()));
        json.addProperty("bytesPerSlot", plan.getBytesPerSlot());
        json.addProperty("millis", plan.getMillis());
        json.addProperty("imbalanceBefore", ClusterChanges.imbalance(plan, false));
        json.addProperty("imbalanceAfter", ClusterChanges.imbalance(plan, true));
        json.addProperty("bytes", plan.getBytes());
        json.add("pinned", Json.array(plan.getPinnedList(), ChangeJson::of));
        json.add("dropped", Json.array(plan.getDroppedList(), ChangeJson::of));
        json.add("explanation", Json.strings(plan.getExplanationList()));
        return json;
    }

    private static JsonObject json(GetPlanResponse.Node node) {
        JsonObject json = new JsonObject();
        json.addProperty("id", node.getId());
        json.addProperty("statusBefore", ClusterChanges.words(node.getStatusBefore()));
        json.addProperty("statusAfter", ClusterChanges.words(node.getStatusAfter()));
        json.addProperty("weight", node.getWeight());
        json.addProperty("slotsBefore", node.getSlotsBefore());
        json.addProperty("slotsAfter", node.getSlotsAfter());
        json.addProperty("slotsDue", node.getSlotsDue());
        json.addProperty("slotsIn", node.getSlotsIn());
        json.addProperty("slotsOut", node.getSlotsOut());
        json.addProperty("bytesBefore", node.getBytesBefore());
        json.addProperty("bytesAfter", node.getBytesAfter());
        json.addProperty("peakBytes", node.getPeakBytes());
        json.addProperty("because", node.getBecause());
        return json;
    }

    private static JsonObject json(GetPlanResponse.Flow flow) {
        JsonObject json = new JsonObject();
        json.addProperty("from", flow.getFrom());
        json.addProperty("to", flow.getTo());
        json.addProperty("slots", flow.getSlots());
        json.addProperty("bytes", flow.getBytes());
        return json;
    }
}
