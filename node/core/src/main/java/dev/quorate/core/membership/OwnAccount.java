package dev.quorate.core.membership;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Accusation;
import dev.quorate.core.peer.Announcement;
import dev.quorate.core.peer.Heartbeat;
import dev.quorate.core.runtime.BootSource;
import dev.quorate.core.runtime.EventLoop;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.runtime.Watched;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntSupplier;

/**
 * What this node says of itself. Nobody else says it: what others claim to know of this node is only compared with it.
 *
 * <p>Nobody can know a later heartbeat than this node has reached, unless an older state of it was restored under its running process,
 * or into its directory, or it runs twice. Then the names of its writes are in danger as well, so it takes a new boot beyond what the
 * others know (protocols.md 2.2). The heartbeat stands for the write sequence there: it grows every second, written or not.
 */
final class OwnAccount {
    /** What others say they know of this node is not followed further than this: start numbers must last for ever. */
    static final long MAX_START_JUMP = 1_000_000;

    /** Two processes of one identity outbid each other; each of their steps costs a sync. */
    static final Duration RENEWAL_PAUSE = Duration.ofSeconds(10);

    /** A changed load is told at most once in so many heartbeats. */
    private static final int LOAD_EVERY = 5;

    private static final int LOAD_STEP = 10;

    private final Setting setting;
    private final ClusterView view;
    private final int self;
    private final BootSource boots;
    private final Membership.Renewal renewal;
    private final EventLoop loop;
    private long ring;
    private final IntSupplier load;
    private final Metrics.Counter rolledBack;
    private final Metrics.Counter implausible;
    private boolean renewing;
    private boolean everRenewed;
    private long renewedAt;
    private int beatsSinceLoad;

    OwnAccount(
            Setting setting,
            ClusterView view,
            BootSource boots,
            Membership.Renewal renewal,
            EventLoop loop,
            long ring,
            IntSupplier load) {
        this.setting = setting;
        this.view = view;
        this.self = setting.members().self();
        this.boots = boots;
        this.renewal = renewal;
        this.loop = loop;
        this.ring = ring;
        this.load = load;
        this.rolledBack = setting.metrics()
                .counter(
                        "boot_rollbacks_total",
                        "Times others knew a later state of this node than it had reached, so that it took a new boot");
        this.implausible = setting.metrics().counter("gossip_implausible_total", Gossip.IMPLAUSIBLE_HELP);
        newLife();
    }

    long heartbeat() {
        return view.heartbeat(self);
    }

    Announcement announcement() {
        return view.announcement(self);
    }

    private void newLife() {
        long first = Heartbeat.of(Heartbeat.startNo(boots.current()), 1);
        Announcement said = view.announcement(self);
        view.say(self, first, announcement(first, said.status(), said.load(), said.accusations()));
    }

    private Announcement announcement(
            long since, Announcement.Status status, int roughLoad, List<Accusation> accusations) {
        return new Announcement(since, boots.current(), status, ring, roughLoad, accusations);
    }

    /** Once a round. */
    void beat() {
        if (Heartbeat.startNo(boots.current()) > Heartbeat.startNo(heartbeat())) {
            // The boot was renewed for whatever reason: the same process, another life.
            newLife();
            return;
        }
        Announcement said = announcement();
        int rough = Math.min(100, load.getAsInt()) / LOAD_STEP * LOAD_STEP;
        beatsSinceLoad++;
        if (rough != said.load() && beatsSinceLoad >= LOAD_EVERY) {
            beatsSinceLoad = 0;
            say(said.status(), rough, said.accusations());
        } else {
            view.say(self, heartbeat() + 1, said);
        }
    }

    private void say(Announcement.Status status, int roughLoad, List<Accusation> accusations) {
        long since = heartbeat() + 1;
        view.say(self, since, announcement(since, status, roughLoad, accusations));
    }

    /** This node has adopted another ring. */
    void usesRing(long version) {
        ring = version;
        say(announcement().status(), announcement().load(), announcement().accusations());
    }

    /** From now on others leave this node alone. */
    void shutDown() {
        say(Announcement.Status.SHUTDOWN, announcement().load(), List.of());
    }

    /** False when this node accuses too many already. */
    boolean accuse(NodeId accused, long heartbeat) {
        List<Accusation> accusations = without(accused);
        if (accusations.size() >= Announcement.MAX_ACCUSATIONS) {
            return false;
        }
        accusations.add(new Accusation(accused, heartbeat));
        accusations.sort((a, b) -> a.accused().compareTo(b.accused()));
        say(announcement().status(), announcement().load(), accusations);
        return true;
    }

    /** Whether there was anything to withdraw. */
    boolean withdraw(NodeId accused) {
        if (!accuses(accused)) {
            return false;
        }
        say(announcement().status(), announcement().load(), without(accused));
        return true;
    }

    boolean accuses(NodeId member) {
        for (Accusation accusation : announcement().accusations()) {
            if (accusation.accused().equals(member)) {
                return true;
            }
        }
        return false;
    }

    private List<Accusation> without(NodeId accused) {
        List<Accusation> accusations = new ArrayList<>(announcement().accusations());
        accusations.removeIf(accusation -> accusation.accused().equals(accused));
        return accusations;
    }

    /**
     * Somebody knows this node up to that heartbeat, and for saying since {@code since} what it says. Two lives under one start number
     * may be told apart by the latter alone: the second one's heartbeat soon passes what was heard of the first, and what that one said
     * last, for instance that it stops, would stand for ever.
     */
    void knownElsewhere(long known, long since) {
        if (known > heartbeat() || since > announcement().since()) {
            beginAnotherLife(known);
        }
    }

    /** Somebody repeats what this node is to have said. Of one life every word has a time of its own. */
    void quotedElsewhere(long known, Announcement said) {
        boolean anotherLife = said.since() == announcement().since() && !said.equals(announcement());
        if (anotherLife) {
            beginAnotherLife(known);
        } else {
            knownElsewhere(known, said.since());
        }
    }

    private void beginAnotherLife(long known) {
        if (renewing) {
            return;
        }
        if (Heartbeat.startNo(known) - Heartbeat.startNo(heartbeat()) > MAX_START_JUMP) {
            implausible.increment();
            return;
        }
        long now = setting.clock().nanos();
        if (everRenewed && now - renewedAt < RENEWAL_PAUSE.toNanos()) {
            return;
        }
        everRenewed = true;
        renewedAt = now;
        renewing = true;
        rolledBack.increment();
        setting.listener().rolledBack(heartbeat(), known);
        Watched.whenComplete(renewal.renewAbove(Heartbeat.startNo(known)), loop, (boot, failure) -> {
            renewing = false;
            // Without a new boot number writes are refused; the next gossip tries again, after the pause.
            if (failure == null) {
                newLife();
            }
        });
    }
}
