package dev.quorate.sdk;

import dev.quorate.sdk.transport.NodeConnection;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** One address that the client knows, and what it thinks of it. Confined to the client's loop. */
final class Node {
    final NodeConnection connection;

    /** From the topology; empty for a seed that no topology has named. */
    String id = "";

    /** Requests went unanswered while nothing else came: others are asked first until it answers a probe. */
    boolean suspect;

    boolean probing;

    /** It has asked to be left alone until then; 0 when it has not. */
    private long avoidUntilNanos;

    private final SlowStart slowStart = new SlowStart();

    /** As last greeted; 0 before. */
    private long boot;

    /** Belongs to another cluster, which has been logged. */
    boolean refusedBefore;

    /** Since when no ring names it; 0 while one does. */
    long formerSinceNanos;

    /** Writes that may have been applied here and wait to see at which boot the node comes back. */
    final List<Call<?>> awaitingReturn = new ArrayList<>(0);

    Node(NodeConnection connection) {
        this.connection = connection;
    }

    /** Takes a hint for the calls to come: without it each would first be refused here, at the expense of the retry budget. */
    void avoid(QuorateException.Reason reason, long retryAfterNanos) {
        long pauseNanos = switch (reason) {
            case NODE_DRAINING, NODE_STARTING -> Math.max(retryAfterNanos, TimeUnit.SECONDS.toNanos(1));
            case OVERLOADED -> Math.max(retryAfterNanos, TimeUnit.MILLISECONDS.toNanos(50));
            default -> 0;
        };
        if (pauseNanos > 0) {
            avoidUntilNanos = System.nanoTime() + pauseNanos;
        }
    }

    /** Its process may be another one than before the connection was lost. At a first greeting nobody can tell how old it is. */
    void greeted(long greetedBoot, long nowNanos) {
        if (boot != 0 && boot != greetedBoot) {
            slowStart.begin(nowNanos);
        }
        boot = greetedBoot;
    }

    /** Whether the node, which has not long begun, may get another call; asked once a call. */
    boolean takesTurn(long nowNanos) {
        return slowStart.takesTurn(nowNanos);
    }

    boolean isToBeAvoided() {
        if (avoidUntilNanos != 0 && System.nanoTime() - avoidUntilNanos >= 0) {
            avoidUntilNanos = 0;
        }
        return suspect || avoidUntilNanos != 0;
    }

    /** Neither up nor likely to be soon. */
    boolean isInTrouble() {
        return isToBeAvoided()
                || switch (connection.state()) {
                    case DOWN, CLOSED -> true;
                    // A try after one that failed: it may fare no better.
                    case CONNECTING -> connection.lastFailure() != null;
                    case IDLE, READY -> false;
                };
    }

    List<Call<?>> takeAwaitingReturn() {
        List<Call<?>> waiting = List.copyOf(awaitingReturn);
        awaitingReturn.clear();
        return waiting;
    }

    String idOrGreeted() {
        return id.isEmpty() ? connection.node() : id;
    }

    @Override
    public String toString() {
        String name = idOrGreeted();
        return name.isEmpty() ? connection.address() : name + " " + connection.address();
    }
}
