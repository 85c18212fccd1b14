package dev.quorate.core.membership;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Accusation;
import dev.quorate.core.peer.Announcement;
import dev.quorate.core.peer.PeerCalls;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.runtime.Metrics;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.IntConsumer;

/**
 * Who lives. A member whose heartbeat stops growing is probed, directly and through others. Only this node's own failed probes become
 * its accusation, and only accusations by members on two hosts make a member DOWN, so neither a bad link nor a bad node decides about
 * another. All nodes that know the same accusations say the same, since DOWN is computed and never passed on.
 *
 * <p>Requests do not wait for any of this: {@link PeerCalls} avoids a silent peer within a second, and a failed probe is enough here.
 */
final class FailureDetector {
    /** Lifeguard's local health: how many times as patient a node is that has reason to doubt itself. */
    private static final int MAX_DOUBT = 8;

    /** Probes under way. A node that is cut off suspects everybody, and must not add a storm to it. */
    private static final int MAX_PROBES = 8;

    /** Accusers beyond these make no difference, and would fill the gossip about a member that really died. */
    private static final int ENOUGH_ACCUSERS = 3;

    private final Setting setting;
    private final MemberTable members;
    private final ClusterView view;
    private final OwnAccount own;
    private final IntConsumer exchange;
    private final Runnable spread;
    private final Membership.DownRule rule;
    private long[] grewAt;
    private boolean[] unreachable;
    private long[] unreachableSince;
    private boolean[] probing;
    private long[] probeAgainAt;
    private Verdict[] judged;
    private long[] downSince;
    // By accused; rebuilt when somebody's accusations have changed.
    private final TreeMap<Integer, List<Integer>> accusers = new TreeMap<>();
    private boolean accusersChanged;
    private int probesInFlight;
    private int doubt;
    private int first;
    private final Metrics.Counter probes;
    private final Metrics.Counter accusationsMade;
    private final Metrics.Counter badLinks;
    private final Metrics.Counter downs;
    private final Metrics.Counter lateRounds;

    /**
     * @param exchange gossips with a member at once
     * @param spread gossips with some soon: something is worth more than waiting for the next round
     */
    FailureDetector(
            Setting setting,
            ClusterView view,
            OwnAccount own,
            IntConsumer exchange,
            Runnable spread,
            Membership.DownRule rule) {
        this.setting = setting;
        this.members = setting.members();
        this.view = view;
        this.own = own;
        this.exchange = exchange;
        this.spread = spread;
        this.rule = rule;
        int size = members.size();
        this.grewAt = new long[size];
        Arrays.fill(grewAt, setting.clock().nanos());
        this.unreachable = new boolean[size];
        this.unreachableSince = new long[size];
        this.probing = new boolean[size];
        this.probeAgainAt = new long[size];
        Arrays.fill(probeAgainAt, setting.clock().nanos());
        this.judged = new Verdict[size];
        Arrays.fill(judged, Verdict.ALIVE);
        this.downSince = new long[size];
        Metrics metrics = setting.metrics();
        this.probes = metrics.counter("member_probes_total", "Members pinged because they were suspected");
        this.accusationsMade = metrics.counter(
                "member_accusations_total", "Members accused by this node because they answered neither it nor others");
        this.badLinks = metrics.counter(
                "member_links_bad_total", "Probes that a member answered through others and not directly");
        this.downs = metrics.counter("member_down_verdicts_total", "Times this node held a member to be DOWN");
        this.lateRounds = metrics.counter(
                "gossip_rounds_late_total", "Rounds of gossip more than a second late: this process stood still");
        for (Verdict verdict : Verdict.values()) {
            metrics.gauge(
                    "members_" + verdict.name().toLowerCase(Locale.ROOT),
                    "Other members that this node holds to be " + verdict,
                    () -> count(verdict));
        }
        metrics.gauge(
                "member_detector_doubt",
                "How many times as patient this node is because it doubts itself",
                () -> doubt);
    }

    /** Members have come or gone. Whoever has come gets as long to be heard of as anybody else. */
    void follow() {
        int before = grewAt.length;
        int size = members.size();
        grewAt = Arrays.copyOf(grewAt, size);
        Arrays.fill(grewAt, before, size, setting.clock().nanos());
        unreachable = Arrays.copyOf(unreachable, size);
        unreachableSince = Arrays.copyOf(unreachableSince, size);
        probing = Arrays.copyOf(probing, size);
        probeAgainAt = Arrays.copyOf(probeAgainAt, size);
        Arrays.fill(probeAgainAt, before, size, setting.clock().nanos());
        judged = Arrays.copyOf(judged, size);
        Arrays.fill(judged, before, size, Verdict.ALIVE);
        downSince = Arrays.copyOf(downSince, size);
        accusersChanged = true;
        for (int i = 0; i < size; i++) {
            if (!members.isPresent(i)) {
                own.withdraw(members.id(i));
            }
        }
    }

    private long count(Verdict verdict) {
        long count = 0;
        for (int i = 0; i < members.size(); i++) {
            if (i != members.self() && members.isPresent(i) && verdict(i) == verdict) {
                count++;
            }
        }
        return count;
    }

    /** Once a round. */
    void look(long lateNanos) {
        long now = setting.clock().nanos();
        if (lateNanos > Membership.LATE_NANOS) {
            // What others said meanwhile is still to be read: nobody is older for it.
            lateRounds.increment();
            doubt = Math.min(MAX_DOUBT, doubt + 1);
            for (int i = 0; i < grewAt.length; i++) {
                // Not beyond what it has said since: then it could fall silent for as long again and nobody would look.
                grewAt[i] = Math.min(now, grewAt[i] + lateNanos);
            }
            return;
        }
        long limit = setting.config().suspectAfter().toNanos() * (1 + doubt);
        // From another member each time, or the first few would take all the probes.
        first = first + 1 < members.size() ? first + 1 : 0;
        TreeMap<Integer, List<Integer>> accused = accusers();
        for (int k = 0; k < members.size(); k++) {
            int i = first + k < members.size() ? first + k : first + k - members.size();
            if (i == members.self() || !members.isPresent(i)) {
                continue;
            }
            boolean suspect = now - grewAt[i] > limit;
            if (suspect || judged[i] != Verdict.ALIVE) {
                watch(i, suspect, now);
            }
            if (judged[i] != Verdict.ALIVE || !accused.isEmpty() && accused.containsKey(i)) {
                judge(i);
            }
        }
    }

    private void watch(int index, boolean suspect, long now) {
        if (stops(index)) {
            own.withdraw(members.id(index));
            return;
        }
        if (unreachable[index] && setting.peers().heardSince(members.id(index), unreachableSince[index])) {
            unreachable[index] = false;
            judge(index);
        }
        boolean worthIt = suspect || judged[index] != Verdict.ALIVE;
        if (worthIt && !probing[index] && now - probeAgainAt[index] >= 0 && probesInFlight < MAX_PROBES) {
            new Probe(index, suspect).begin();
        }
    }

    private boolean stops(int index) {
        return view.announcement(index).status() == Announcement.Status.SHUTDOWN;
    }

    /** One member's heartbeat has grown: whoever accused it of an earlier one is refuted. */
    void livedOn(int index) {
        grewAt[index] = setting.clock().nanos();
        // Called for each member in each exchange: while all is well it must cost nothing.
        if (!own.announcement().accusations().isEmpty() && own.withdraw(members.id(index))) {
            accusersChanged = true;
        }
        if (judged[index] != Verdict.ALIVE) {
            judge(index);
        }
    }

    /** A member says something else than before. */
    void announced(int index, Announcement before) {
        Announcement now = view.announcement(index);
        accusersChanged |= !before.accusations().equals(now.accusations());
        if (before.status() != now.status()) {
            judge(index);
        }
    }

    /** Somebody answered in time, so this node is not the one that is ill. */
    void succeeded() {
        doubt = Math.max(0, doubt - 1);
    }

    boolean usable(int index) {
        return switch (judged[index]) {
            case ALIVE -> true;
            case LOCAL_UNREACHABLE -> setting.peers().heardSince(members.id(index), unreachableSince[index]);
            // It answers again, and the heartbeat that refutes the accusations is on its way.
            case DOWN -> setting.peers().heardSince(members.id(index), downSince[index]);
            case SHUTDOWN -> false;
        };
    }

    /** Also one that said it stops: whose link stands has not, or has started again, and nobody would hear of that. */
    boolean worthATalk(int index) {
        return judged[index] == Verdict.SHUTDOWN || usable(index);
    }

    Verdict verdict(int index) {
        Verdict verdict = judged[index];
        boolean answering = index == members.self() || setting.peers().answering(members.id(index));
        return verdict == Verdict.ALIVE && !answering ? Verdict.LOCAL_UNREACHABLE : verdict;
    }

    long ageNanos(int index) {
        return setting.clock().nanos() - grewAt[index];
    }

    /** Those whose accusation stands: made by a member of which one has heard, of a life and a heartbeat not refuted since. */
    List<NodeId> standingAccusers(int index) {
        List<NodeId> standing = new ArrayList<>();
        for (int accuser : accusers().getOrDefault(index, List.of())) {
            if (stands(accuser, index)) {
                standing.add(members.id(accuser));
            }
        }
        return standing;
    }

    private boolean stands(int accuser, int accused) {
        boolean fresh = accuser == members.self()
                || ageNanos(accuser) <= setting.config().accusationLife().toNanos();
        if (!fresh || accuser == accused || !members.isPresent(accuser)) {
            return false;
        }
        for (Accusation accusation : view.announcement(accuser).accusations()) {
            if (accusation.accused().equals(members.id(accused))) {
                return accusation.heartbeat() >= view.heartbeat(accused);
            }
        }
        return false;
    }

    private TreeMap<Integer, List<Integer>> accusers() {
        if (accusersChanged) {
            accusersChanged = false;
            accusers.clear();
            for (int i = 0; i < members.size(); i++) {
                for (Accusation accusation : view.announcement(i).accusations()) {
                    int accused = members.indexOf(accusation.accused());
                    if (accused >= 0) {
                        accusers.computeIfAbsent(accused, none -> new ArrayList<>())
                                .add(i);
                    }
                }
            }
        }
        return accusers;
    }

    private void judge(int index) {
        List<NodeId> standing = standingAccusers(index);
        int hosts = hostsOf(standing).size();
        boolean down = hosts > 0 && rule.isDown(hosts, members.sourcesNeeded(index));
        Verdict before = judged[index];
        Verdict now = stops(index)
                ? Verdict.SHUTDOWN
                : down ? Verdict.DOWN : unreachable[index] ? Verdict.LOCAL_UNREACHABLE : Verdict.ALIVE;
        if (now == before) {
            return;
        }
        judged[index] = now;
        if (now == Verdict.DOWN) {
            downSince[index] = setting.clock().nanos();
            downs.increment();
            spread.run();
        }
        setting.listener().judged(members.id(index), before, now, standing);
    }

    private void accuse(int index) {
        NodeId accused = members.id(index);
        if (own.accuses(accused) || isAccusedEnough(index) || !own.accuse(accused, view.heartbeat(index))) {
            return;
        }
        accusationsMade.increment();
        spread.run();
        accusersChanged = true;
        setting.listener().accuses(accused, view.heartbeat(index));
    }

    /** Whether this node as one more would change nothing: there are hosts enough already, or its own is among them. */
    private boolean isAccusedEnough(int index) {
        List<NodeId> standing = standingAccusers(index);
        TreeSet<Integer> hosts = hostsOf(standing);
        return standing.size() >= ENOUGH_ACCUSERS
                && (hosts.size() >= members.sourcesNeeded(index) || hosts.contains(members.hostOf(members.self())));
    }

    private TreeSet<Integer> hostsOf(List<NodeId> accusers) {
        TreeSet<Integer> hosts = new TreeSet<>();
        accusers.forEach(accuser -> hosts.add(members.hostOf(members.indexOf(accuser))));
        return hosts;
    }

    /** One look at one member: a ping, and if that fails and its heartbeat stands still, pings by others. */
    private final class Probe {
        private final int index;
        private final boolean suspect;
        private final long begun;
        private final long heartbeat;
        private int relaysAsked;
        private boolean over;

        Probe(int index, boolean suspect) {
            this.index = index;
            this.suspect = suspect;
            this.begun = setting.clock().nanos();
            this.heartbeat = view.heartbeat(index);
        }

        void begin() {
            probing[index] = true;
            probesInFlight++;
            probes.increment();
            setting.peers()
                    .call(
                            members.id(index),
                            PeerRequest.Ping.INSTANCE,
                            setting.config().pingTimeout(),
                            new PeerCalls.Waiter() {
                                @Override
                                public void answered(PeerReply reply) {
                                    answeredDirectly();
                                }

                                @Override
                                public void failed(PeerCalls.CallFailure failure) {
                                    // Whoever is accused by this node already need not be asked for again by others.
                                    if (suspect && !own.accuses(members.id(index))) {
                                        askOthers();
                                    } else {
                                        end(Outcome.NOT_DIRECTLY);
                                    }
                                }
                            });
        }

        private void answeredDirectly() {
            succeeded();
            end(Outcome.DIRECTLY);
            exchange.accept(index);
        }

        private void askOthers() {
            List<Integer> relays = relays();
            relaysAsked = relays.size();
            if (relays.isEmpty()) {
                end(Outcome.NOT_AT_ALL);
                return;
            }
            PeerRequest.ProbeFor request = new PeerRequest.ProbeFor(members.id(index));
            for (int relay : relays) {
                setting.peers()
                        .call(members.id(relay), request, setting.config().relayTimeout(), new PeerCalls.Waiter() {
                            @Override
                            public void answered(PeerReply reply) {
                                relayed(reply instanceof PeerReply.Probed probed && probed.answered());
                            }

                            @Override
                            public void failed(PeerCalls.CallFailure failure) {
                                relayed(false);
                            }
                        });
            }
        }

        /** Those in other racks first: they come another way. */
        private List<Integer> relays() {
            List<Integer> near = new ArrayList<>();
            List<Integer> far = new ArrayList<>();
            int wanted = setting.config().relays();
            int start = setting.random().nextInt(members.size());
            for (int k = 0; k < members.size() && far.size() < wanted; k++) {
                int i = (start + k) % members.size();
                boolean possible = i != members.self()
                        && i != index
                        && members.isPresent(i)
                        && judged[i] == Verdict.ALIVE
                        && setting.peers().answering(members.id(i));
                if (possible) {
                    (members.sameRack(i, members.self()) ? near : far).add(i);
                }
            }
            far.addAll(near);
            return far.subList(0, Math.min(wanted, far.size()));
        }

        private void relayed(boolean answered) {
            if (answered) {
                badLinks.increment();
                doubt = Math.min(MAX_DOUBT, doubt + 1);
                end(Outcome.NOT_DIRECTLY);
                return;
            }
            relaysAsked--;
            if (relaysAsked == 0) {
                end(Outcome.NOT_AT_ALL);
            }
        }

        private void end(Outcome outcome) {
            if (over) {
                return;
            }
            over = true;
            probing[index] = false;
            probesInFlight--;
            long now = setting.clock().nanos();
            probeAgainAt[index] = now + 2 * setting.config().interval().toNanos();
            long most = setting.config().pingTimeout().toNanos()
                    + setting.config().relayTimeout().toNanos()
                    + Membership.LATE_NANOS;
            if (outcome != Outcome.DIRECTLY && now - begun > most) {
                // This process stood still meanwhile: answers may be waiting to be read.
                return;
            }
            switch (outcome) {
                case DIRECTLY -> {
                    unreachable[index] = false;
                    own.withdraw(members.id(index));
                }
                case NOT_DIRECTLY -> notReachable(now);
                case NOT_AT_ALL -> {
                    notReachable(now);
                    if (view.heartbeat(index) == heartbeat && !stops(index)) {
                        accuse(index);
                    }
                }
            }
            accusersChanged = true;
            judge(index);
        }

        private void notReachable(long now) {
            if (!unreachable[index] && !setting.peers().heardSince(members.id(index), begun)) {
                unreachable[index] = true;
                unreachableSince[index] = now;
            }
        }
    }

    private enum Outcome {
        DIRECTLY,
        NOT_DIRECTLY,
        NOT_AT_ALL
    }
}
