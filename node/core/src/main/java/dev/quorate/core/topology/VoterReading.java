package dev.quorate.core.topology;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.runtime.Clock;
import dev.quorate.core.runtime.DeadlineWheel;
import java.time.Duration;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Finds out whether the ring was changed while this node was away. Every change needs a majority of the voters of the ring before it, so if a
 * majority of ours have accepted nothing later, there was none. If they have, it is found out by having nothing agreed about.
 */
final class VoterReading {
    private static final Duration PAUSE = Duration.ofMillis(200);

    private final RingKeeper keeper;
    private final Proposer proposer;
    private final Clock clock;
    private final DeadlineWheel wheel;
    private final long deadline;
    private final Consumer<Boolean> done;
    private final SortedSet<NodeId> unchanged = new TreeSet<>();
    private int attempt;
    private int outstanding;
    private boolean over;

    VoterReading(
            RingKeeper keeper,
            Proposer proposer,
            Clock clock,
            DeadlineWheel wheel,
            Duration timeout,
            Consumer<Boolean> done) {
        this.keeper = keeper;
        this.proposer = proposer;
        this.clock = clock;
        this.wheel = wheel;
        this.deadline = clock.nanos() + timeout.toNanos();
        this.done = done;
        wheel.after(timeout, () -> end(false));
    }

    void begin() {
        RingState known = keeper.state();
        SortedSet<NodeId> voters = Proposer.votersOf(List.of(known));
        unchanged.clear();
        attempt++;
        int thisAttempt = attempt;
        outstanding = voters.size();
        for (NodeId voter : voters) {
            proposer.ask(voter, PeerRequest.ReadAccepted.INSTANCE, reply -> {
                if (attempt == thisAttempt && !over) {
                    answered(voter, known, reply);
                }
            });
            if (attempt != thisAttempt || over) {
                return;
            }
        }
    }

    private void answered(NodeId voter, RingState known, @Nullable PeerReply reply) {
        outstanding--;
        if (reply instanceof PeerReply.AcceptedVersion accepted) {
            if (accepted.version() != null && accepted.version().compareTo(known.version()) > 0) {
                attempt++;
                learn();
                return;
            }
            unchanged.add(voter);
            if (Proposer.isQuorum(known, unchanged)) {
                end(true);
                return;
            }
        }
        if (outstanding == 0) {
            attempt++;
            wheel.after(PAUSE, () -> {
                if (!over) {
                    begin();
                }
            });
        }
    }

    private void learn() {
        Duration left = Duration.ofNanos(Math.max(0, deadline - clock.nanos()));
        proposer.submit(
                Changes.NOTHING,
                left,
                outcome -> end(outcome.match(committed -> true, rejected -> false, unknown -> false)));
    }

    private void end(boolean read) {
        if (!over) {
            over = true;
            done.accept(read);
        }
    }
}
