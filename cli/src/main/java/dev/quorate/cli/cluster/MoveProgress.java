package dev.quorate.cli.cluster;

import dev.quorate.cli.connect.AdminConnection;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.DurationConverter;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.GlobalOptions;
import dev.quorate.proto.admin.v1.GetClusterResponse;
import dev.quorate.proto.admin.v1.Member;
import dev.quorate.proto.admin.v1.MemberStatus;
import java.io.PrintStream;
import java.time.Duration;
import java.util.List;

/** Waits until a committed plan is carried out, and shows how far it is: a bar that is rewritten, or now and then a line. */
public final class MoveProgress {
    private static final int BAR = 30;
    private static final Duration POLL = Duration.ofMillis(500);
    private static final Duration BETWEEN_LINES = Duration.ofSeconds(10);

    private final PrintStream err;
    private final boolean animated;
    private final long beganNanos = System.nanoTime();
    private int most;
    private String shown = "";
    private long shownNanos;

    public MoveProgress(GlobalOptions options) {
        this.err = options.terminal().err();
        this.animated = options.animated();
    }

    /**
     * Returns when nothing moves any more and nobody is on the way out.
     *
     * @throws CommandFailure when it takes longer than the patience, or nobody answers several times in a row
     */
    public void await(AdminConnection admin, Duration patience) throws InterruptedException {
        long giveUpAt = System.nanoTime() + patience.toNanos();
        int silences = 0;
        while (true) {
            GetClusterResponse cluster;
            try {
                cluster = ClusterChanges.cluster(admin);
                silences = 0;
            } catch (CommandFailure failure) {
                // A node that leaves may have been the one that was asked; another is asked the next time.
                if (++silences == 3) {
                    throw failure;
                }
                Thread.sleep(POLL.toMillis());
                continue;
            }
            List<String> leaving = cluster.getMembersList().stream()
                    .filter(member -> member.getStatus() == MemberStatus.MEMBER_STATUS_DRAINING)
                    .map(Member::getId)
                    .toList();
            show(cluster, leaving);
            if (cluster.getMoves() == 0 && leaving.isEmpty()) {
                endLine();
                return;
            }
            if (System.nanoTime() - giveUpAt > 0) {
                endLine();
                throw new CommandFailure(
                        ExitCode.DEADLINE,
                        cluster.getMoves() + " moves are left after " + DurationConverter.text(patience)
                                + (leaving.isEmpty() ? "" : "; on the way out: " + String.join(", ", leaving)),
                        "they go on by themselves: kvctl cluster transfers --watch");
            }
            Thread.sleep(POLL.toMillis());
        }
    }

    private void show(GetClusterResponse cluster, List<String> leaving) {
        int left = cluster.getMoves();
        most = Math.max(most, left);
        int done = most - left;
        String text = done + "/" + most + " moves";
        if (cluster.getPaused()) {
            text += ", paused: kvctl cluster resume";
        } else if (left > 0 && done > 0) {
            long tookMillis = (System.nanoTime() - beganNanos) / 1_000_000;
            text += ", about " + ClusterChanges.duration(tookMillis * left / done) + " left";
        } else if (left == 0 && !leaving.isEmpty()) {
            text += ", waiting for " + String.join(", ", leaving) + " to leave";
        }
        if (animated) {
            int filled = most == 0 ? BAR : BAR * done / most;
            // Back to the first column, and what is left of a longer line goes.
            err.print("\r[" + "#".repeat(filled) + ".".repeat(BAR - filled) + "] " + text + "\u001b[K");
            err.flush();
            shown = text;
        } else {
            long now = System.nanoTime();
            boolean due = shown.isEmpty() || now - shownNanos > BETWEEN_LINES.toNanos() || left == 0;
            if (due && !text.equals(shown)) {
                err.println(text);
                shown = text;
                shownNanos = now;
            }
        }
    }

    private void endLine() {
        if (animated && !shown.isEmpty()) {
            err.println();
        }
    }

    /** How long it has taken by now. */
    public Duration took() {
        return Duration.ofNanos(System.nanoTime() - beganNanos);
    }
}
