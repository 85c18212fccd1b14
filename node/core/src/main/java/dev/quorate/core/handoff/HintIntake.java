package dev.quorate.core.handoff;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.runtime.Clock;
import dev.quorate.core.runtime.HybridClock;
import dev.quorate.core.runtime.LoopLag;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.storage.Storage;
import java.time.Duration;
import java.util.TreeMap;

/**
 * Says how fast others may hand over what they kept for this node. Ten nodes that send at once to one that has just come back
 * must not be what clients notice of it, so the receiver decides: so many senders at a time, so many keys and bytes a second from all of them as
 * it finds it can take beside its clients, and nothing while its queues are half full. Confined to the event loop.
 */
final class HintIntake {
    static final int KEYS_AT_ONCE = 64;
    static final int BYTES_AT_ONCE = 1 << 20;

    /** A sender that has not come back for more within this time has gone. */
    static final Duration LEASE = Duration.ofSeconds(2);

    /** What is granted is to be used soon: later it would come into another situation (rules.md A16). */
    static final Duration GOOD_FOR = Duration.ofSeconds(30);

    private static final int SPARE_BYTES = 4096;

    /** A sender asks again at least so often: one that has not for longer has nothing left, or has gone. */
    private static final Duration ASKS_AGAIN = HintPass.LONGEST_PAUSE.plusSeconds(5);

    private static final Duration BUSY_PAUSE = Duration.ofMillis(500);
    private static final double BURST_SECONDS = 0.2;

    private final HandoffConfig config;
    private final Clock clock;
    private final HybridClock hybridClock;
    private final Storage storage;
    private final LoopLag lag;
    private final IntakeRate rate;
    private final TreeMap<NodeId, Long> leases = new TreeMap<>();
    private final Metrics.Counter granted;
    private final Metrics.Counter putOff;
    private boolean everAsked;
    private long askedAt;
    private double keys;
    private double bytes;
    private long accruedAt;

    HintIntake(
            HandoffConfig config, Clock clock, HybridClock hybridClock, Storage storage, LoopLag lag, Metrics metrics) {
        this.config = config;
        this.lag = lag;
        this.rate = new IntakeRate(clock, config.keysPerSecond());
        this.clock = clock;
        this.hybridClock = hybridClock;
        this.storage = storage;
        this.granted = metrics.counter("hint_keys_granted_total", "Hints that other nodes were allowed to hand over");
        this.putOff = metrics.counter(
                "hint_senders_put_off_total", "Times a node that has hints for this one was told to wait");
        this.accruedAt = clock.nanos();
        metrics.gauge(
                "hint_intake_keys_per_second",
                "Hints a second that this node would take from all others together now",
                () -> Math.round(rate.keysPerSecond()));
        metrics.gauge(
                "hint_intake_halved", "Times this node took fewer hints than before because it was busy", rate::cuts);
        metrics.gauge("hint_senders", "Nodes that hand over hints to this one now", () -> {
            expireLeases();
            return leases.size();
        });
    }

    PeerReply.HintCredits grant(NodeId sender, PeerRequest.AskHintCredits asked) {
        int load = storage.load();
        rate.look(load, lag.average());
        everAsked = true;
        askedAt = clock.nanos();
        accrue();
        expireLeases();
        if (load >= IntakeRate.BUSY_LOAD) {
            return putOff(BUSY_PAUSE);
        }
        if (!leases.containsKey(sender) && leases.size() >= config.senders()) {
            return putOff(LEASE);
        }
        int fewest = (int) Math.min(KEYS_AT_ONCE, Math.max(1, rate.keysPerSecond() / 100));
        if (keys < fewest || bytes < BYTES_AT_ONCE / 4.0) {
            double forKeys = (fewest - keys) / rate.keysPerSecond();
            double forBytes = (BYTES_AT_ONCE / 4.0 - bytes) / bytesPerSecond();
            return putOff(Duration.ofNanos((long) (1e9 * Math.max(0.001, Math.max(forKeys, forBytes)))));
        }
        int keysNow = (int) Math.min(Math.min(KEYS_AT_ONCE, keys), Math.max(1, asked.keys()));
        // What so many keys are likely to take, and a little more: a whole megabyte each time would be reserved in
        // vain.
        double likely = 1.25 * keysNow * Math.max(1, asked.bytes()) / Math.max(1, asked.keys()) + SPARE_BYTES;
        int bytesNow = (int) Math.min(Math.min(BYTES_AT_ONCE, bytes), likely);
        keys -= keysNow;
        bytes -= bytesNow;
        leases.put(sender, clock.nanos() + LEASE.toNanos());
        granted.add(keysNow);
        long expiresAt = hybridClock.last() + HybridClock.ofMillis(GOOD_FOR.toMillis());
        return new PeerReply.HintCredits(keysNow, bytesNow, expiresAt, Duration.ZERO);
    }

    private PeerReply.HintCredits putOff(Duration retryAfter) {
        putOff.increment();
        return new PeerReply.HintCredits(0, 0, 0, retryAfter);
    }

    private void accrue() {
        long now = clock.nanos();
        double seconds = (now - accruedAt) / 1e9;
        accruedAt = now;
        keys = accrued(keys, KEYS_AT_ONCE, rate.keysPerSecond(), seconds);
        bytes = accrued(bytes, BYTES_AT_ONCE, bytesPerSecond(), seconds);
    }

    private static double accrued(double before, int atOnce, double perSecond, double seconds) {
        return Math.min(Math.max(atOnce, perSecond * BURST_SECONDS), before + seconds * perSecond);
    }

    private double bytesPerSecond() {
        return config.bytesPerSecond() * rate.part();
    }

    /** Whether others are handing over to this node, or wait for their turn to. */
    boolean isWanted() {
        return everAsked && clock.nanos() - askedAt < ASKS_AGAIN.toNanos();
    }

    private void expireLeases() {
        long now = clock.nanos();
        leases.values().removeIf(until -> until < now);
    }
}
