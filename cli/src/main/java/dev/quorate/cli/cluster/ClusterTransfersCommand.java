package dev.quorate.cli.cluster;

import com.google.gson.JsonObject;
import dev.quorate.cli.connect.AdminConnection;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.Json;
import dev.quorate.cli.terminal.KvctlCommand;
import dev.quorate.cli.terminal.Table;
import dev.quorate.proto.admin.v1.ListTransfersResponse.Transfer;
import dev.quorate.proto.admin.v1.Move;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What moves now, and what waits for its turn. */
@Command(
        name = "transfers",
        description = "Slots on their way from node to node.",
        footer = {
            "",
            "A node sends two slots and receives two at a time; the others are queued. With --watch it ends when nothing moves any more.",
            "Exits with 5 when a member does not answer."
        })
public final class ClusterTransfersCommand extends KvctlCommand {
    @Mixin
    private final Watching watching = new Watching();

    @Option(names = "--all", description = "List every move that waits, instead of how many there are.")
    private boolean all;

    @Override
    protected ExitCode run() throws InterruptedException {
        ExitCode exitCode = ExitCode.OK;
        try (AdminConnection admin = AdminConnection.of(options())) {
            while (watching.next()) {
                Transfers transfers = Transfers.of(admin);
                if (options().json()) {
                    printJson(json(transfers));
                } else {
                    watching.print(options(), text(transfers));
                    if (!watching.on()) {
                        transfers.silent().forEach((node, problem) -> say(node + " does not answer: " + problem));
                    }
                }
                exitCode = transfers.silent().isEmpty() ? ExitCode.OK : ExitCode.UNAVAILABLE;
                if (transfers.list().isEmpty()) {
                    break;
                }
            }
        }
        return exitCode;
    }

    private String text(Transfers transfers) {
        StringBuilder text = new StringBuilder();
        if (!transfers.active().isEmpty() || all) {
            Table table =
                    new Table("SLOT", "MOVE", "KIND", "FROM", "TO", "STATE", "RECORDS", "BYTES", "LEFT", "PROBLEM");
            (all ? transfers.list() : transfers.active()).forEach(transfer -> row(table, transfer));
            text.append(table);
        }
        if (!all) {
            for (Transfers.Waiting waiting : transfers.waiting()) {
                text.append(waiting.slots())
                        .append(waiting.slots() == 1 ? " slot waits: " : " slots wait: ")
                        .append(waiting.from())
                        .append(" to ")
                        .append(waiting.to())
                        .append('\n');
            }
        }
        int left = transfers.list().size();
        text.append(left == 0 ? "nothing moves" : left + (left == 1 ? " move is left" : " moves are left"))
                .append(", ring ")
                .append(ClusterChanges.ring(transfers.ringVersion()))
                .append(transfers.paused() ? ", paused: kvctl cluster resume" : "")
                .append('\n');
        return text.toString();
    }

    private static void row(Table table, Transfer transfer) {
        Move move = transfer.getMove();
        table.row(
                move.getSlot(),
                move.getId() + (move.getAttempt() == 0 ? "" : "." + move.getAttempt()),
                ChangeJson.kind(move),
                move.getFrom(),
                move.getTo(),
                transfer.getState().isEmpty() ? "QUEUED" : transfer.getState(),
                transfer.getRecords(),
                ClusterChanges.bytes(transfer.getBytes()),
                transfer.getRecordsLeft() < 0 ? "?" : transfer.getRecordsLeft(),
                transfer.getProblem().isEmpty() ? "-" : transfer.getProblem());
    }

    private static JsonObject json(Transfers transfers) {
        JsonObject json = new JsonObject();
        json.addProperty("ringVersion", transfers.ringVersion());
        json.addProperty("paused", transfers.paused());
        json.add("transfers", Json.array(transfers.list(), ClusterTransfersCommand::json));
        json.add("silent", Json.array(transfers.silent().entrySet(), entry -> {
            JsonObject silent = new JsonObject();
            silent.addProperty("node", entry.getKey());
            silent.addProperty("problem", entry.getValue());
            return silent;
        }));
        return json;
    }

    private static JsonObject json(Transfer transfer) {
        JsonObject json = ChangeJson.of(transfer.getMove());
        json.addProperty("state", transfer.getState().isEmpty() ? "QUEUED" : transfer.getState());
        json.addProperty("records", transfer.getRecords());
        json.addProperty("bytes", transfer.getBytes());
        json.addProperty("recordsLeft", transfer.getRecordsLeft());
        json.addProperty("problem", transfer.getProblem());
        return json;
    }
}
