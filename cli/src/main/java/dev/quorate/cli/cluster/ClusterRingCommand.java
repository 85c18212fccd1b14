package dev.quorate.cli.cluster;

import com.google.gson.JsonObject;
import dev.quorate.cli.connect.AdminConnection;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.Json;
import dev.quorate.cli.terminal.KvctlCommand;
import dev.quorate.cli.terminal.Table;
import dev.quorate.proto.admin.v1.ClusterServiceGrpc;
import dev.quorate.proto.admin.v1.GetClusterResponse;
import dev.quorate.proto.admin.v1.GetRingRequest;
import dev.quorate.proto.admin.v1.GetRingResponse;
import dev.quorate.proto.admin.v1.GetRingResponse.Row;
import dev.quorate.proto.admin.v1.Member;
import dev.quorate.proto.admin.v1.Move;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Who owns which slots, and what is on its way. */
@Command(
        name = "ring",
        description = "Who owns what share of the ring, and what is on its way.",
        footer = {"", "In the bars, # is what a node owns, + what it gets, and - what it still owns and gives away."})
public final class ClusterRingCommand extends KvctlCommand {
    /** Characters for the node with most. */
    private static final int BAR = 32;

    @Mixin
    private final Watching watching = new Watching();

    @Option(names = "--slots", description = "Print the owners of every slot instead of the sums.")
    private boolean slots;

    @Override
    protected ExitCode run() throws InterruptedException {
        try (AdminConnection admin = AdminConnection.of(options())) {
            while (watching.next()) {
                GetClusterResponse cluster = ClusterChanges.cluster(admin);
                GetRingResponse ring = admin.call((channel, deadline) -> ClusterServiceGrpc.newBlockingStub(channel)
                        .withDeadline(deadline)
                        .getRing(GetRingRequest.getDefaultInstance()));
                if (options().json()) {
                    printJson(json(ring));
                } else {
                    watching.print(
                            options(),
                            (slots ? rows(ring) : sums(cluster)).toString()
                                    + (watching.on() ? summary(cluster) + "\n" : ""));
                    if (!watching.on()) {
                        say(summary(cluster));
                    }
                }
            }
        }
        return ExitCode.OK;
    }

    private static String summary(GetClusterResponse cluster) {
        return "ring " + ClusterChanges.ring(cluster.getRingVersion()) + ", " + cluster.getMoves()
                + (cluster.getMoves() == 1 ? " move is left" : " moves are left")
                + (cluster.getPaused() ? ", paused: kvctl cluster resume" : "");
    }

    private static Table sums(GetClusterResponse cluster) {
        int claims =
                cluster.getMembersList().stream().mapToInt(Member::getSlots).sum();
        int most = cluster.getMembersList().stream()
                .mapToInt(member -> member.getSlots() + member.getSlotsArriving())
                .max()
                .orElse(0);
        Table table = new Table(
                "NODE",
                "STATUS",
                "WEIGHT",
                "SLOTS",
                "LEADS",
                "SHARE OF ALL REPLICAS",
                "GETS",
                "GIVES",
                "SLOTS IN BARS");
        for (Member member : cluster.getMembersList()) {
            if (ClusterChanges.takesPart(member)) {
                table.row(
                        member.getId(),
                        ClusterChanges.words(member.getStatus()),
                        ClusterChanges.decimal(member.getWeight()),
                        member.getSlots(),
                        member.getLedSlots(),
                        String.format(Locale.ROOT, "%.1f%%", claims == 0 ? 0 : 100.0 * member.getSlots() / claims),
                        member.getSlotsArriving(),
                        member.getSlotsLeaving(),
                        bar(member, most));
            }
        }
        return table;
    }

    private static String bar(Member member, int most) {
        int kept = Math.max(0, member.getSlots() - member.getSlotsLeaving());
        return "#".repeat(scaled(kept, most))
                + "-".repeat(scaled(member.getSlotsLeaving(), most))
                + "+".repeat(scaled(member.getSlotsArriving(), most));
    }

    /** At least one character for what is there at all. */
    private static int scaled(int slots, int most) {
        return slots == 0 ? 0 : Math.max(1, Math.round((float) BAR * slots / most));
    }

    private static Table rows(GetRingResponse ring) {
        Table table = new Table("SLOT", "OWNERS");
        ring.getRowsList().forEach(row -> table.row(row.getSlot(), String.join(",", row.getOwnersList())));
        return table;
    }

    private static JsonObject json(GetRingResponse ring) {
        JsonObject json = new JsonObject();
        json.addProperty("epoch", ring.getEpoch());
        json.add("rows", Json.array(ring.getRowsList(), ClusterRingCommand::json));
        json.addProperty("ringVersion", ring.getRingVersion());
        json.add("moves", Json.array(ring.getMovesList(), (Move move) -> ChangeJson.of(move)));
        return json;
    }

    private static JsonObject json(Row row) {
        JsonObject json = new JsonObject();
        json.addProperty("slot", row.getSlot());
        json.add("owners", Json.strings(row.getOwnersList()));
        return json;
    }
}
