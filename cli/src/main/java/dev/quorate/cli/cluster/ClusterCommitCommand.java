package dev.quorate.cli.cluster;

import com.google.gson.JsonObject;
import dev.quorate.cli.connect.AdminConnection;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.DurationConverter;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.KvctlCommand;
import dev.quorate.proto.admin.v1.CommitPlanResponse;
import dev.quorate.proto.admin.v1.GetPlanResponse;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** From here on data moves. */
@Command(
        name = "commit",
        description = "Make the staged changes: hand-overs begin, and clients go on working.",
        footer = {
            "",
            "With the id of a plan, exactly that plan is made or none: exit code 6 says that the ring or what is staged has changed",
            "since. Without one, the plan as it is now. Exits with 8 when moves are left after --for; they go on by themselves."
        })
public final class ClusterCommitCommand extends KvctlCommand {
    @Parameters(index = "0", arity = "0..1", paramLabel = "PLAN", description = "As kvctl cluster plan named it.")
    private @Nullable String planId;

    @Option(names = "--wait", description = "Wait until everything has moved, and show how far it is.")
    private boolean wait;

    @Option(
            names = "--for",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            defaultValue = "24h",
            description = "Give up waiting after this long. Default: ${DEFAULT-VALUE}.")
    private Duration patience;

    @Override
    protected ExitCode run() throws InterruptedException {
        try (AdminConnection admin = AdminConnection.of(options())) {
            String chosen = planId;
            CommitPlanResponse committed;
            if (chosen == null) {
                ClusterChanges.Committed current = ClusterChanges.commitCurrent(admin, current(admin));
                chosen = current.plan().getPlanId();
                committed = current.answer();
            } else {
                committed = ClusterChanges.commit(admin, chosen);
            }
            say("committed in ring " + ClusterChanges.ring(committed.getRingVersion()) + ": " + committed.getMoves()
                    + (committed.getMoves() == 1 ? " move" : " moves"));
            JsonObject json = new JsonObject();
            json.addProperty("planId", chosen);
            json.addProperty("ringVersion", committed.getRingVersion());
            json.addProperty("moves", committed.getMoves());
            if (wait) {
                MoveProgress progress = new MoveProgress(options());
                progress.await(admin, patience);
                say("done after " + ClusterChanges.duration(progress.took().toMillis()));
                json.addProperty("millis", progress.took().toMillis());
            } else if (committed.getMoves() > 0) {
                say("next: kvctl cluster transfers --watch");
            }
            if (options().json()) {
                printJson(json);
            }
        }
        return ExitCode.OK;
    }

    private GetPlanResponse current(AdminConnection admin) {
        GetPlanResponse plan = ClusterChanges.plan(admin, "");
        if (plan.getPlanId().isEmpty()) {
            throw new CommandFailure(
                    ExitCode.NOT_FOUND,
                    "nothing is staged",
                    "stage a change first: kvctl cluster join, leave, replace, weight or relabel");
        }
        plan.getWarningsList().forEach(warning -> say("warning: " + warning));
        say(ClusterChanges.summary(plan));
        return plan;
    }
}
