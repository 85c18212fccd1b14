package dev.quorate.simulation;

import dev.quorate.core.membership.MemberView;
import dev.quorate.core.membership.Membership;
import dev.quorate.core.membership.MembershipConfig;
import dev.quorate.core.membership.MembershipListener;
import dev.quorate.core.membership.Verdict;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.GossipCodec;
import dev.quorate.core.peer.Heartbeat;
import dev.quorate.core.peer.PeerCalls;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.peer.PeerTransport;
import dev.quorate.core.replication.SafetyRules;
import dev.quorate.core.ring.CurrentRing;
import dev.quorate.core.ring.Member;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.ring.SlotTable;
import dev.quorate.core.runtime.BootSource;
import dev.quorate.core.runtime.DeadlineWheel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/**
 * Many nodes that do nothing but gossip, the same code as in a node: how much they say, how old what they know is, whether they are wrong
 * about each other, and how soon all know of a death. First a calm in which messages get lost at random, then one node dies without a word.
 */
public final class GossipSimulation {
    /**
     * One run.
     *
     * @param loss share of messages lost, requests and answers alike
     * @param calm before the death
     */
    public record Plan(long seed, int nodes, double loss, Duration calm) {}

    /**
     * What came of it.
     *
     * @param bytesPerNodeSecond sent and received, payload and {@link #OVERHEAD_BYTES}
     * @param behind how many heartbeats what one node knows of another is behind
     * @param ages milliseconds since what one node knows of another last grew: what suspicion looks at
     * @param falseDowns times a node held a living one to be DOWN
     * @param firstKnewSeconds from the death until somebody held the dead to be DOWN; infinite when nobody did
     * @param allKnewSeconds until everybody did
     */
    public record Report(
            Plan plan,
            double bytesPerNodeSecond,
            double messagesPerNodeSecond,
            Distribution behind,
            Distribution ages,
            long falseDowns,
            long accusations,
            double firstKnewSeconds,
            double allKnewSeconds,
            long events) {}

    /** Of what was sampled. */
    public record Distribution(long p50, long p99, long p999, long max) {}

    /** Operation id, timeout and lengths, gRPC's and HTTP/2's frames. Messages of one moment to one peer would share most of it. */
    static final int OVERHEAD_BYTES = 40;

    /** Each so many messages one is encoded and counted for all of them. */
    private static final int MEASURED = 16;

    private static final long SECOND = 1_000_000_000L;
    private static final Duration WARM_UP = Duration.ofSeconds(20);
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int RACKS = 5;

    /** More would be truer to the tail and take longer than the gossip itself. */
    private static final long SAMPLES = 20_000_000;

    private final Plan plan;
    private final SimWorld world;
    private final SimMetrics metrics = new SimMetrics();
    private final SimRandom network;
    private final List<Node> nodes = new ArrayList<>();
    private int dead;
    private long deathNanos;
    private long firstKnewNanos = Long.MAX_VALUE;
    private long lastKnewNanos;
    private int knowing;
    private long falseDowns;
    private long messages;
    private long measuredBytes;
    private boolean counting;

    private GossipSimulation(Plan plan) {
        this.plan = plan;
        this.world = new SimWorld(plan.seed());
        this.network = world.random("gossip network", 0);
        List<Member> members = new ArrayList<>();
        List<NodeId> owner = new ArrayList<>();
        for (int i = 1; i <= plan.nodes(); i++) {
            members.add(new Member(new NodeId(i), 1, "dc", "rack" + i % RACKS, "host" + i));
            owner.add(new NodeId(i));
        }
        SlotTable table = SlotTable.of(1, 0, members, List.of(owner.subList(0, 1)));
        SafetyRules rules = SafetyRules.production(metrics);
        for (int i = 1; i <= plan.nodes(); i++) {
            nodes.add(new Node(i, table, rules));
        }
    }

    public static Report run(Plan plan) {
        return new GossipSimulation(plan).run();
    }

    private Report run() {
        nodes.forEach(node -> node.membership.start());
        world.runUntil(WARM_UP.toNanos());
        counting = true;
        long calm = plan.calm().toNanos();
        long pairs = (long) plan.nodes() * plan.nodes();
        long every = Math.max(SECOND, calm / Math.max(1, SAMPLES / pairs));
        Samples behind = new Samples(1_000);
        Samples ages = new Samples(120_000);
        long end = world.now() + calm;
        while (world.now() < end) {
            world.runUntil(Math.min(end, world.now() + every));
            sample(behind, ages);
        }
        counting = false;
        double nodeSeconds = plan.nodes() * (calm / (double) SECOND);
        // Each message is sent by one and received by another.
        double bytes = 2 * (measuredBytes * (double) MEASURED + messages * (double) OVERHEAD_BYTES) / nodeSeconds;
        double perNode = 2 * messages / nodeSeconds;
        die();
        while (knowing < plan.nodes() - 1 && world.now() < deathNanos + PATIENCE.toNanos()) {
            world.runUntil(world.now() + SECOND);
        }
        boolean all = knowing == plan.nodes() - 1;
        return new Report(
                plan,
                bytes,
                perNode,
                behind.distribution(),
                ages.distribution(),
                falseDowns,
                metrics.total("member_accusations_total"),
                firstKnewNanos == Long.MAX_VALUE ? Double.POSITIVE_INFINITY : seconds(firstKnewNanos - deathNanos),
                all ? seconds(lastKnewNanos - deathNanos) : Double.POSITIVE_INFINITY,
                world.events());
    }

    private static double seconds(long nanos) {
        return nanos / (double) SECOND;
    }

    private void die() {
        dead = 1 + world.random("victim", 0).nextInt(plan.nodes());
        deathNanos = world.now();
        nodes.get(dead - 1).loop.die();
    }

    private void sample(Samples behind, Samples ages) {
        long[] truth = new long[plan.nodes()];
        for (Node node : nodes) {
            truth[node.number - 1] =
                    node.membership.members().get(node.number - 1).heartbeat();
        }
        for (Node node : nodes) {
            for (MemberView view : node.membership.members()) {
                int other = view.node().number();
                Duration age = view.age();
                if (other != node.number && age != null) {
                    behind.add(Heartbeat.version(truth[other - 1]) - Heartbeat.version(view.heartbeat()));
                    ages.add(age.toMillis());
                }
            }
        }
    }

    /** One process. */
    private final class Node implements PeerTransport, MembershipListener {
        private final int number;
        private final SimEventLoop loop;
        private final PeerCalls calls;
        private final Membership membership;

        Node(int number, SlotTable table, SafetyRules rules) {
            this.number = number;
            // Clocks run apart as those of real machines do.
            SimRandom random = world.random("gossip node", number);
            SimClock clock = new SimClock(world, 0, 1 + 1e-4 * (2 * random.nextDouble() - 1));
            this.loop = new SimEventLoop(world, clock, number);
            DeadlineWheel wheel = new DeadlineWheel(clock, loop);
            this.calls = new PeerCalls(this, wheel, clock, metrics);
            BootSource boots = new FirstBoot();
            this.membership = new Membership(
                    new NodeId(number),
                    new CurrentRing(RingState.of(table)),
                    MembershipConfig.DEFAULTS,
                    new Membership.Surroundings(
                            calls,
                            boots,
                            boots::renewAbove,
                            rules::declaresDown,
                            () -> 0,
                            (member, version) -> {},
                            clock,
                            loop,
                            wheel,
                            random,
                            metrics,
                            this));
            calls.consult(membership);
        }

        @Override
        public boolean reachable(NodeId peer) {
            // A machine that lost its power says nothing, not even that its connections are gone.
            return true;
        }

        @Override
        public String unreachableBecause(NodeId peer) {
            return "";
        }

        @Override
        public long send(NodeId peer, long operationId, PeerRequest request, Duration timeout) {
            carry(() -> sizeOf(request), peer.number(), target -> target.receive(this, operationId, request));
            return number;
        }

        private void receive(Node from, long operationId, PeerRequest request) {
            if (request instanceof PeerRequest.OfMembership ofMembership) {
                membership.onPeerRequest(
                        new NodeId(from.number), ofMembership, reply -> reply(from, operationId, reply));
            } else {
                reply(from, operationId, PeerReply.Pong.INSTANCE);
            }
        }

        private void reply(Node to, long operationId, PeerReply reply) {
            carry(
                    () -> sizeOf(reply),
                    to.number,
                    target -> target.calls.onReply(new NodeId(number), to.number, operationId, reply));
        }

        @Override
        public void accuses(NodeId accused, long heartbeat) {
            // Counted by its metric.
        }

        @Override
        public void judged(NodeId member, Verdict before, Verdict now, List<NodeId> accusers) {
            if (member.number() != dead) {
                falseDowns += now == Verdict.DOWN ? 1 : 0;
                return;
            }
            if (now == Verdict.DOWN) {
                knowing++;
                firstKnewNanos = Math.min(firstKnewNanos, world.now());
                lastKnewNanos = world.now();
            } else if (before == Verdict.DOWN) {
                knowing--;
            }
        }

        @Override
        public void rolledBack(long own, long known) {
            world.defect(new IllegalStateException("n" + number + " is known up to " + Heartbeat.text(known)));
        }
    }

    private interface Size {
        int bytes();
    }

    private void carry(Size size, int to, Consumer<Node> arrival) {
        if (counting) {
            if (messages % MEASURED == 0) {
                measuredBytes += size.bytes();
            }
            messages++;
        }
        boolean lost = network.nextDouble() < plan.loss();
        long delay = network.between(200_000, 3_000_000);
        if (!lost) {
            Node target = nodes.get(to - 1);
            world.after(delay, to, SimWorld.Kind.REQUEST, () -> target.loop.run(() -> arrival.accept(target)));
        }
    }

    private static int sizeOf(PeerRequest request) {
        if (request instanceof PeerRequest.Gossip gossip) {
            return GossipCodec.encode(gossip.digest()).length();
        }
        return request instanceof PeerRequest.GossipDelta delta
                ? GossipCodec.encode(delta.news()).length()
                : 0;
    }

    private static int sizeOf(PeerReply reply) {
        return reply instanceof PeerReply.GossipReply told
                ? GossipCodec.encode(told.news()).length() + 2 * told.wanted().size()
                : 0;
    }

    /** Nobody starts twice here. */
    private static final class FirstBoot implements BootSource {
        @Override
        public long current() {
            return 1L << 32 | 1;
        }

        @Override
        public CompletionStage<Long> renewAbove(long startNo) {
            return CompletableFuture.failedFuture(new IllegalStateException("asked for a start above " + startNo));
        }
    }

    /** Counts of small numbers; the last one stands for all beyond it. */
    private static final class Samples {
        private final long[] counts;
        private long total;

        Samples(int most) {
            counts = new long[most + 1];
        }

        void add(long value) {
            counts[(int) Math.max(0, Math.min(value, counts.length - 1))]++;
            total++;
        }

        Distribution distribution() {
            long max = 0;
            for (int value = 0; value < counts.length; value++) {
                max = counts[value] > 0 ? value : max;
            }
            return new Distribution(quantile(0.5), quantile(0.99), quantile(0.999), max);
        }

        private long quantile(double share) {
            long wanted = (long) Math.ceil(share * total);
            long seen = 0;
            for (int value = 0; value < counts.length; value++) {
                seen += counts[value];
                if (seen >= wanted) {
                    return value;
                }
            }
            return Arrays.stream(counts).sum() == 0 ? 0 : counts.length - 1L;
        }
    }
}
