package dev.quorate.core.membership;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Announcement;
import dev.quorate.core.peer.Heartbeat;
import dev.quorate.core.peer.PeerCalls;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.ring.CurrentRing;
import dev.quorate.core.ring.Member;
import dev.quorate.core.ring.NodeEntry;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.runtime.BootSource;
import dev.quorate.core.runtime.Clock;
import dev.quorate.core.runtime.DeadlineWheel;
import dev.quorate.core.runtime.EventLoop;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.runtime.RandomSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.IntSupplier;

/**
 * One node's part in knowing who is there: a round of gossip a second, a look at who has fallen behind, and a word on whom to send
 * requests to. The members themselves are those of the ring. Confined to the event loop.
 */
public final class Membership implements PeerCalls.Verdicts {
    /** A round this much too late says that this process stood still. */
    static final long LATE_NANOS = Duration.ofSeconds(1).toNanos();

    /** Told at once that this node stops; gossip tells the others. */
    private static final int TOLD_GOODBYE = 16;

    /** Takes a boot number whose start number is greater than this, for writes as well. */
    @FunctionalInterface
    public interface Renewal {
        CompletionStage<Long> renewAbove(long startNo);
    }

    /** Whether so many accusing hosts are enough for DOWN: safety rests on it, so it stands with the other rules of that kind. */
    @FunctionalInterface
    public interface DownRule {
        boolean isDown(int sources, int needed);
    }

    /** Told what others say of the ring they use. */
    @FunctionalInterface
    public interface RingNews {
        /** @param version as in {@link dev.quorate.core.ring.RingVersion#packed}, made durable by that node */
        void uses(NodeId node, long version);
    }

    /** What membership needs from the rest of the node and from the world. {@code load} is 0 to 100. */
    public record Surroundings(
            PeerCalls peers,
            BootSource boots,
            Renewal renewal,
            DownRule downRule,
            IntSupplier load,
            RingNews ringNews,
            Clock clock,
            EventLoop loop,
            DeadlineWheel wheel,
            RandomSource random,
            Metrics metrics,
            MembershipListener listener) {}

    private final MembershipConfig config;
    private final MemberTable members;
    private final ClusterView view;
    private final OwnAccount own;
    private final Gossip gossip;
    private final FailureDetector detector;
    private final PeerCalls peers;
    private final Clock clock;
    private final DeadlineWheel wheel;
    private final RandomSource random;
    private long roundDue;
    private int goodbyesUnderWay;
    private boolean spreading;

    public Membership(NodeId self, CurrentRing ring, MembershipConfig config, Surroundings around) {
        this.config = config;
        this.members = new MemberTable(self, placements(ring.state()));
        this.peers = around.peers();
        this.clock = around.clock();
        this.wheel = around.wheel();
        this.random = around.random();
        Setting setting = new Setting(members, config, peers, clock, random, around.metrics(), around.listener());
        this.view = new ClusterView(members.numbers());
        this.own = new OwnAccount(
                setting,
                view,
                around.boots(),
                around.renewal(),
                around.loop(),
                ring.state().version().packed(),
                around.load());
        this.gossip = new Gossip(setting, view, own, new Gossip.Observer() {
            @Override
            public void livedOn(int index) {
                detector().livedOn(index);
            }

            @Override
            public void announced(int index, Announcement before) {
                detector().announced(index, before);
                around.ringNews()
                        .uses(members.id(index), view.announcement(index).ring());
            }

            @Override
            public void exchanged() {
                detector().succeeded();
            }
        });
        this.detector = new FailureDetector(setting, view, own, gossip::exchange, this::spread, around.downRule());
        ring.onChange((before, now) -> follow(now));
    }

    private static List<Member> placements(RingState ring) {
        return ring.active().stream().map(NodeEntry::placement).toList();
    }

    private void follow(RingState ring) {
        members.follow(placements(ring));
        view.follow(members.numbers());
        gossip.follow();
        own.usesRing(ring.version().packed());
        detector.follow();
        spread();
    }

    /** The latest ring that the node is known to have made durable; 0 if nothing is known. As in {@link RingNews}. */
    public long ringOf(NodeId node) {
        int index = members.indexOf(node);
        return index < 0 ? 0 : view.announcement(index).ring();
    }

    private FailureDetector detector() {
        return detector;
    }

    /** Begins to gossip, and never ends. Nodes that start together begin at different moments. */
    public void start() {
        schedule(Duration.ofNanos((long) (config.interval().toNanos() * random.nextDouble())));
    }

    private void schedule(Duration delay) {
        roundDue = clock.nanos() + delay.toNanos();
        wheel.after(delay, this::round);
    }

    private void round() {
        long late = clock.nanos() - roundDue;
        own.beat();
        detector.look(late);
        gossip.round(this::gossipsWith);
        schedule(Duration.ofNanos((long) (config.interval().toNanos() * (0.9 + 0.2 * random.nextDouble()))));
    }

    /**
     * A round between two: an accusation, or a verdict that others lack accusations for, would otherwise wait a second at each node it
     * passes. At most five a second, whatever happens.
     */
    private void spread() {
        if (!spreading) {
            spreading = true;
            wheel.after(config.interval().dividedBy(5), () -> {
                spreading = false;
                gossip.round(this::gossipsWith);
            });
        }
    }

    private boolean gossipsWith(int index) {
        return detector.worthATalk(index) && peers.answering(members.id(index));
    }

    /** Another member says or asks something. */
    public void onPeerRequest(NodeId from, PeerRequest.OfMembership request, Consumer<PeerReply> answer) {
        int sender = members.indexOf(from);
        if (sender < 0 || !members.isPresent(sender)) {
            answer.accept(new PeerReply.Refused(PeerReply.Refusal.NOT_READY));
        } else if (request instanceof PeerRequest.Gossip theirs) {
            answer.accept(gossip.answer(sender, theirs.digest()));
        } else if (request instanceof PeerRequest.GossipDelta delta) {
            gossip.adopt(sender, delta.news());
            answer.accept(PeerReply.Pong.INSTANCE);
        } else if (request instanceof PeerRequest.ProbeFor probe) {
            probeFor(probe.target(), answer);
        }
    }

    private void probeFor(NodeId target, Consumer<PeerReply> answer) {
        peers.call(target, PeerRequest.Ping.INSTANCE, config.pingTimeout(), new PeerCalls.Waiter() {
            @Override
            public void answered(PeerReply reply) {
                answer.accept(new PeerReply.Probed(true));
            }

            @Override
            public void failed(PeerCalls.CallFailure failure) {
                answer.accept(new PeerReply.Probed(false));
            }
        });
    }

    /** Says that this node is about to stop, so that others turn elsewhere before its streams end. */
    public void shutDown() {
        own.shutDown();
        int start = random.nextInt(members.size());
        int told = 0;
        for (int k = 0; k < members.size() && told < TOLD_GOODBYE; k++) {
            int index = (start + k) % members.size();
            if (index != members.self() && peers.answering(members.id(index))) {
                goodbyesUnderWay++;
                gossip.tell(index, List.of(members.self()), () -> goodbyesUnderWay--);
                told++;
            }
        }
    }

    /** Members that may not have heard of it yet; 0 soon, whatever becomes of them. */
    public int goodbyesUnderWay() {
        return goodbyesUnderWay;
    }

    @Override
    public boolean usable(NodeId peer) {
        int index = members.indexOf(peer);
        return index < 0 || detector.usable(index);
    }

    @Override
    public String unusableBecause(NodeId peer) {
        int index = members.indexOf(peer);
        if (index < 0 || detector.usable(index)) {
            return "";
        }
        return switch (detector.verdict(index)) {
            case ALIVE -> "";
            case LOCAL_UNREACHABLE -> "it answers no probes of this node";
            case DOWN -> "DOWN, accused by " + detector.standingAccusers(index);
            case SHUTDOWN -> "it said that it stops";
        };
    }

    /** All members as this node sees them, itself included, by number. */
    public List<MemberView> members() {
        List<MemberView> views = new ArrayList<>(members.size());
        for (int i = 0; i < members.size(); i++) {
            if (!members.isPresent(i)) {
                continue;
            }
            boolean heardOf = view.heartbeat(i) != Heartbeat.NEVER;
            boolean self = i == members.self();
            views.add(new MemberView(
                    members.id(i),
                    self && own.announcement().status() == Announcement.Status.SHUTDOWN
                            ? Verdict.SHUTDOWN
                            : detector.verdict(i),
                    view.heartbeat(i),
                    self ? Duration.ZERO : heardOf ? Duration.ofNanos(detector.ageNanos(i)) : null,
                    detector.standingAccusers(i),
                    view.announcement(i).load()));
        }
        return views;
    }
}
