package dev.quorate.core.membership;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Accusation;
import dev.quorate.core.peer.Announcement;
import dev.quorate.core.peer.GossipDigest;
import dev.quorate.core.peer.GossipNews;
import dev.quorate.core.peer.Heartbeat;
import dev.quorate.core.peer.PeerCalls;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.runtime.Metrics;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Push-pull exchanges of views with a few members a round, so that what one says reaches all in a few rounds, whoever is down.
 *
 * <p>Members trust what others pass on, so what can be passed on is bounded: only about members, never about the receiver, no faster
 * than a life can go on; anything else is refused, and the member asked itself. A lie that passes is outlived: its victim hears of it
 * and takes a start number beyond it.
 */
final class Gossip {
    static final String IMPLAUSIBLE_HELP = "Pieces of gossip refused because they cannot be true";

    /** Told what gossip changed. */
    interface Observer {
        void livedOn(int index);

        void announced(int index, Announcement before);

        void exchanged();
    }

    /** Start numbers and heartbeats that may be behind what is passed on, besides the time that has passed. */
    private static final long SLACK_STARTS = 100;

    private static final long SLACK_BEATS = 120;

    /** Heartbeats grow once an interval, and with each announcement. */
    private static final long BEATS_PER_INTERVAL = 3;

    private static final double VISITS_THE_DEAD = 0.1;
    private static final int DIRECT_A_ROUND = 2;

    private final Setting setting;
    private final MemberTable members;
    private final ClusterView view;
    private final OwnAccount own;
    private final Observer observer;
    private long[] grewAt;
    private boolean[] exchanging;
    private final TreeSet<Integer> askThemselves = new TreeSet<>();
    private final Metrics.Counter exchanges;
    private final Metrics.Counter unanswered;
    private final Metrics.Counter implausible;

    Gossip(Setting setting, ClusterView view, OwnAccount own, Observer observer) {
        this.setting = setting;
        this.members = setting.members();
        this.view = view;
        this.own = own;
        this.observer = observer;
        this.grewAt = new long[members.size()];
        this.exchanging = new boolean[members.size()];
        Metrics metrics = setting.metrics();
        this.exchanges = metrics.counter("gossip_exchanges_total", "Exchanges of gossip begun by this node");
        this.unanswered = metrics.counter("gossip_unanswered_total", "Exchanges of gossip that got no answer");
        this.implausible = metrics.counter("gossip_implausible_total", IMPLAUSIBLE_HELP);
    }

    /** Members have come or gone. */
    void follow() {
        int before = grewAt.length;
        grewAt = Arrays.copyOf(grewAt, members.size());
        Arrays.fill(grewAt, before, grewAt.length, setting.clock().nanos());
        exchanging = Arrays.copyOf(exchanging, members.size());
        askThemselves.removeIf(index -> !members.isPresent(index));
    }

    /** @param preferred members to exchange with; the others are visited now and then, or how would the dead come back */
    void round(IntPredicate preferred) {
        int chosen = -1;
        for (int i = 0; i < setting.config().fanout(); i++) {
            int next = pick(preferred, chosen);
            if (next >= 0) {
                exchange(next);
                chosen = next;
            }
        }
        if (setting.random().nextDouble() < VISITS_THE_DEAD) {
            int dead = pick(index -> !preferred.test(index), -1);
            if (dead >= 0) {
                exchange(dead);
            }
        }
        for (int i = 0; i < DIRECT_A_ROUND && !askThemselves.isEmpty(); i++) {
            exchange(askThemselves.pollFirst());
        }
    }

    /** Anywhere at random, the second time in another rack if that is quickly found. */
    private int pick(IntPredicate wanted, int first) {
        int size = members.size();
        int fallback = -1;
        // A few tries more than a small ring has members; in a large one somebody is found at once.
        for (int i = 0; i < 24; i++) {
            int index = setting.random().nextInt(size);
            boolean possible = index != members.self() && index != first && members.isPresent(index);
            if (!possible || exchanging[index] || !wanted.test(index)) {
                continue;
            }
            if (first < 0 || i >= 8 || !members.sameRack(index, members.self())) {
                return index;
            }
            fallback = index;
        }
        return fallback;
    }

    void exchange(int index) {
        NodeId peer = members.id(index);
        if (exchanging[index] || index == members.self() || !members.isPresent(index)) {
            return;
        }
        exchanging[index] = true;
        exchanges.increment();
        PeerRequest.Gossip gossip = new PeerRequest.Gossip(view.digest());
        setting.peers().call(peer, gossip, setting.config().interval(), new PeerCalls.Waiter() {
            @Override
            public void answered(PeerReply reply) {
                exchanging[index] = false;
                if (reply instanceof PeerReply.GossipReply told) {
                    observer.exchanged();
                    adopt(index, told.news());
                    List<Integer> wanted = new ArrayList<>(told.wanted().size());
                    for (NodeId node : told.wanted()) {
                        int member = members.indexOf(node);
                        if (member >= 0) {
                            wanted.add(member);
                        }
                    }
                    tell(index, wanted);
                }
            }

            @Override
            public void failed(PeerCalls.CallFailure failure) {
                exchanging[index] = false;
                unanswered.increment();
            }
        });
    }

    /** Sends all that is known of these members. Nobody waits for it: the next exchange would tell it as well. */
    void tell(int index, List<Integer> about) {
        tell(index, about, () -> {});
    }

    /** @param over run once, when it has arrived or never will */
    void tell(int index, List<Integer> about, Runnable over) {
        GossipNews news = view.newsOf(about);
        if (news.isEmpty()) {
            over.run();
            return;
        }
        PeerRequest delta = new PeerRequest.GossipDelta(news);
        setting.peers().call(members.id(index), delta, setting.config().interval(), new PeerCalls.Waiter() {
            @Override
            public void answered(PeerReply reply) {
                over.run();
            }

            @Override
            public void failed(PeerCalls.CallFailure failure) {
                over.run();
            }
        });
    }

    /** Another member's half of an exchange. */
    PeerReply.GossipReply answer(int from, GossipDigest theirs) {
        List<GossipNews.Item> news = new ArrayList<>();
        List<NodeId> wanted = new ArrayList<>();
        int at = 0;
        for (int i = 0; i < members.size(); i++) {
            int number = members.numbers()[i];
            while (at < theirs.size() && theirs.node(at) < number) {
                // A member of theirs that is none of ours.
                at++;
            }
            boolean listed = at < theirs.size() && theirs.node(at) == number;
            long heartbeat = listed ? theirs.heartbeat(at) : Heartbeat.NEVER;
            if (i == members.self() && listed) {
                own.knownElsewhere(heartbeat, theirs.since(at));
            }
            if (!members.isPresent(i)) {
                continue;
            }
            GossipNews.Item item = view.newsOf(i, heartbeat);
            boolean contradicts = i == from && listed && contradicts(view.announcement(i), theirs.since(at));
            if (item != null) {
                news.add(item);
            } else if (contradicts) {
                // Of itself it does not know what it said: that was another life.
                news.add(new GossipNews.Item(number, view.heartbeat(i), view.announcement(i)));
            } else if (i == members.self()) {
                continue;
            } else if (heartbeat > view.heartbeat(i)) {
                if (view.isEnough(i, heartbeat, theirs.since(at))) {
                    take(from, i, heartbeat, null);
                } else {
                    wanted.add(members.id(i));
                }
            }
        }
        return new PeerReply.GossipReply(new GossipNews(news), wanted);
    }

    /** Whether a member that talks to this node may not know of itself what it is known for here, a farewell above all. */
    private static boolean contradicts(Announcement known, long theirSince) {
        boolean saidFarewell = known.status() == Announcement.Status.SHUTDOWN;
        return known.since() > theirSince || known.since() == theirSince && saidFarewell;
    }

    void adopt(int from, GossipNews news) {
        for (GossipNews.Item item : news.items()) {
            int index = members.indexOf(item.node());
            if (index == members.self()) {
                Announcement said = item.announcement();
                if (said == null) {
                    own.knownElsewhere(item.heartbeat(), Heartbeat.NEVER);
                } else {
                    own.quotedElsewhere(item.heartbeat(), said);
                }
            } else if (index >= 0 && members.isPresent(index)) {
                take(from, index, item.heartbeat(), item.announcement());
            }
        }
    }

    private void take(int from, int index, long heartbeat, @Nullable Announcement announcement) {
        long before = view.heartbeat(index);
        Announcement said = view.announcement(index);
        if (heartbeat > before && from != index && !plausible(index, before, heartbeat)) {
            implausible.increment();
            askThemselves.add(index);
            return;
        }
        ClusterView.Change change = view.merge(index, heartbeat, announcement);
        if (view.heartbeat(index) > before) {
            grewAt[index] = setting.clock().nanos();
            observer.livedOn(index);
        }
        if (change == ClusterView.Change.ANNOUNCED) {
            observer.announced(index, said);
            refute(index);
        }
    }

    /** Whether a member can have come that far since this node last heard of it. What it says itself needs no such proof. */
    private boolean plausible(int index, long before, long heartbeat) {
        if (before == Heartbeat.NEVER) {
            return Heartbeat.startNo(heartbeat) <= OwnAccount.MAX_START_JUMP;
        }
        long intervals = (setting.clock().nanos() - grewAt[index])
                / setting.config().interval().toNanos();
        long starts = Heartbeat.startNo(heartbeat) - Heartbeat.startNo(before);
        long beatsBefore = starts == 0 ? Heartbeat.version(before) : 0;
        return starts <= SLACK_STARTS + intervals
                && Heartbeat.version(heartbeat) - beatsBefore <= SLACK_BEATS + BEATS_PER_INTERVAL * intervals;
    }

    /** Who accuses this node is told at once that it lives. */
    private void refute(int accuser) {
        NodeId self = members.id(members.self());
        for (Accusation accusation : view.announcement(accuser).accusations()) {
            if (accusation.accused().equals(self)) {
                if (accusation.heartbeat() >= own.heartbeat()) {
                    own.beat();
                }
                exchange(accuser);
                return;
            }
        }
    }
}
