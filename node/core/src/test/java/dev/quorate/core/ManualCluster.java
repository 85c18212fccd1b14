package dev.quorate.core;

import dev.quorate.core.antientropy.AntiEntropyConfig;
import dev.quorate.core.handoff.HandoffConfig;
import dev.quorate.core.membership.MembershipConfig;
import dev.quorate.core.membership.MembershipListener;
import dev.quorate.core.membership.Verdict;
import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.peer.PeerTransport;
import dev.quorate.core.peer.Result;
import dev.quorate.core.replication.Bucket;
import dev.quorate.core.replication.ClientAnswer;
import dev.quorate.core.replication.ClientGet;
import dev.quorate.core.replication.ClientWrite;
import dev.quorate.core.replication.Consistency;
import dev.quorate.core.replication.ReplicationConfig;
import dev.quorate.core.replication.SafetyRules;
import dev.quorate.core.ring.Member;
import dev.quorate.core.ring.Move;
import dev.quorate.core.ring.RingEdit;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.ring.SlotAllocator;
import dev.quorate.core.ring.SlotTable;
import dev.quorate.core.runtime.BootSource;
import dev.quorate.core.runtime.Clock;
import dev.quorate.core.runtime.EventLoop;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.runtime.RandomSource;
import dev.quorate.core.storage.HintRules;
import dev.quorate.core.storage.TransferRules;
import dev.quorate.core.topology.RegisterRules;
import dev.quorate.core.transfer.Flips;
import dev.quorate.core.transfer.TransferConfig;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A few real nodes in one thread, with time, syncs and messages in the hands of the test: for single stories told step by step. The
 * simulation tells the rest.
 */
public final class ManualCluster {
    /** One node and its world. */
    public final class Node implements PeerTransport {
        public final NodeId id;
        public final ManualStorage storage = new ManualStorage();
        public final Map<String, Long> counters = new TreeMap<>();
        /** What this node makes of the others, as it says it. */
        public final List<String> judgements = new ArrayList<>();

        private long starts;
        private long boot;
        private RingState ring = firstRing;
        private NodeCore core;
        private long lives;
        private CompletableFuture<Void> started = new CompletableFuture<>();
        private boolean up = true;
        private boolean stopped;

        Node(NodeId id) {
            this.id = id;
            this.core = start();
        }

        public NodeCore core() {
            return core;
        }

        /** A new process over the same storage, with a new boot. */
        public NodeCore start() {
            boot = bootOf(++starts);
            long life = ++lives;
            BootSource boots = new BootSource() {
                @Override
                public long current() {
                    return boot;
                }

                @Override
                public CompletionStage<Long> renewAbove(long startNo) {
                    starts = Math.max(starts, startNo) + 1;
                    boot = bootOf(starts);
                    return CompletableFuture.completedFuture(boot);
                }
            };
            core = new NodeCore(
                    new NodeConfig(
                            id,
                            1,
                            ring,
                            Bytes.owning(new byte[16]),
                            Bytes.owning(new byte[16]),
                            buckets,
                            replication,
                            MembershipConfig.DEFAULTS,
                            antiEntropy,
                            HandoffConfig.DEFAULTS,
                            TransferConfig.DEFAULTS,
                            Duration.ZERO),
                    new NodeEnvironment(clock, loopOf(life), random, storage, this, boots, metrics, listener),
                    rules,
                    VOTERS_THAT_NEED_NOT_BE_REMINDED,
                    flips);
            started = core.start().toCompletableFuture();
            return core;
        }

        /** What a former process had in mind is never done. */
        private EventLoop loopOf(long life) {
            return new EventLoop() {
                @Override
                public Timer after(Duration delay, Runnable task) {
                    return loop.after(delay, () -> {
                        if (life == lives) {
                            task.run();
                        }
                    });
                }

                @Override
                public void execute(Runnable task) {
                    after(Duration.ZERO, task);
                }
            };
        }

        /** Learns the ring that was committed last, on its disk first. */
        public void learnRing() {
            ring = committed;
            core.ring().adopt(ring);
        }

        private final Flips flips = new Flips() {
            @Override
            public boolean mayBeForgotten() {
                return false;
            }

            @Override
            public void finish(Move move, Consumer<Outcome> done) {
                change(move, edit -> edit.finish(move), done);
            }

            @Override
            public void again(Move move, Consumer<Outcome> done) {
                change(move, edit -> edit.again(move), done);
            }

            private void change(Move move, UnaryOperator<RingEdit> change, Consumer<Outcome> done) {
                if (registerDown) {
                    done.accept(Outcome.UNKNOWN);
                    return;
                }
                boolean underWay = committed.isUnderWay(move.slot(), move.id(), move.attempt());
                if (underWay) {
                    commit(change);
                }
                done.accept(underWay ? Outcome.COMMITTED : Outcome.STALE);
                learnRing();
            }
        };

        /** Whether the process that {@link #start} began serves. */
        public boolean hasStarted() {
            return started.isDone();
        }

        /** Repeats a boot number, as a restored disk would. */
        public void forgetBoot() {
            starts = 0;
        }

        public void stop() {
            up = false;
        }

        /** As SIGSTOP does: the links stand, and nothing is answered. */
        public void freeze() {
            stopped = true;
        }

        public void thaw() {
            stopped = false;
        }

        public void resume() {
            up = true;
        }

        public long count(String counter) {
            return counters.getOrDefault(counter, 0L);
        }

        private final MembershipListener listener = new MembershipListener() {
            @Override
            public void accuses(NodeId accused, long heartbeat) {
                judgements.add("accuses " + accused);
            }

            @Override
            public void judged(NodeId member, Verdict before, Verdict now, List<NodeId> accusers) {
                judgements.add(member + " " + now + (accusers.isEmpty() ? "" : " by " + accusers));
            }

            @Override
            public void rolledBack(long own, long known) {
                judgements.add("rolled back");
            }
        };

        private final Metrics metrics = new Metrics() {
            @Override
            public Counter counter(String name, String help) {
                return amount -> counters.merge(name, amount, Long::sum);
            }

            @Override
            public void gauge(String name, String help, LongSupplier value) {}

            @Override
            public Histogram histogram(String name, String help) {
                return value -> {};
            }
        };

        @Override
        public boolean reachable(NodeId peer) {
            // The first to start asks before the others are there.
            Node other = nodes.get(peer);
            return other != null && other.up;
        }

        @Override
        public String unreachableBecause(NodeId peer) {
            return reachable(peer) ? "" : "stopped";
        }

        @Override
        public long send(NodeId peer, long operationId, PeerRequest request, Duration timeout) {
            if (!reachable(peer)) {
                return NOT_SENT;
            }
            long link = lives;
            messages.add(new Message(id, peer, request, () -> {
                NodeCore target = node(peer).core;
                target.onPeerRequest(id, request, timeout, reply -> reply(peer, link, operationId, request, reply));
            }));
            return link;
        }

        private void reply(NodeId from, long link, long operationId, PeerRequest request, PeerReply reply) {
            messages.add(new Message(from, id, request, () -> core.onPeerReply(from, link, operationId, reply)));
        }
    }

    /** A request or its answer on the way. */
    public record Message(NodeId from, NodeId to, PeerRequest request, Runnable delivery) {}

    /** Or a new cluster would have something to say before a test has begun. */
    private static final RegisterRules VOTERS_THAT_NEED_NOT_BE_REMINDED = new RegisterRules() {
        @Override
        public boolean forgetfulVotersAbstain() {
            return false;
        }
    };

    private record Scheduled(long at, long order, Runnable task) {}

    private final RingState firstRing;
    private RingState committed;
    private boolean registerDown;
    private final List<Bucket> buckets;
    private final ReplicationConfig replication;
    private final AntiEntropyConfig antiEntropy;
    private final SafetyRules rules;
    private final SplittableRandom seeded = new SplittableRandom(7);
    private final Map<NodeId, Node> nodes = new LinkedHashMap<>();
    private final ArrayDeque<Message> messages = new ArrayDeque<>();
    private final List<Message> held = new ArrayList<>();
    private final PriorityQueue<Scheduled> timers =
            new PriorityQueue<>((a, b) -> a.at != b.at ? Long.compare(a.at, b.at) : Long.compare(a.order, b.order));
    private long now = 1_000_000_000;
    private long order;
    private long wallOrigin = 1_800_000_000_000L;
    private @Nullable Predicate<Message> holding;

    private final Clock clock = new Clock() {
        @Override
        public long nanos() {
            return now;
        }

        @Override
        public long wallMillis() {
            return wallOrigin + now / 1_000_000;
        }
    };

    private final EventLoop loop = new EventLoop() {
        @Override
        public Timer after(Duration delay, Runnable task) {
            Scheduled scheduled = new Scheduled(now + delay.toNanos(), order++, task);
            timers.add(scheduled);
            return () -> timers.remove(scheduled);
        }

        @Override
        public void execute(Runnable task) {
            after(Duration.ZERO, task);
        }
    };

    private final RandomSource random = new RandomSource() {
        @Override
        public long nextLong() {
            return seeded.nextLong();
        }

        @Override
        public int nextInt(int boundExclusive) {
            return seeded.nextInt(boundExclusive);
        }

        @Override
        public double nextDouble() {
            // Never compares the owners that a read did not ask, so that stories stay short.
            return 0.999;
        }
    };

    /** Replicas that differ stay so, unless a read or a hint makes them equal. */
    public ManualCluster(int nodeCount, int replicas, Bucket.BlindWrites blindWrites) {
        this(nodeCount, replicas, blindWrites, AntiEntropyConfig.disabled());
    }

    public ManualCluster(int nodeCount, int replicas, Bucket.BlindWrites blindWrites, AntiEntropyConfig antiEntropy) {
        this(nodeCount, replicas, blindWrites, antiEntropy, ReplicationConfig.DEFAULTS, new TransferRules());
    }

    public ManualCluster(
            int nodeCount,
            int replicas,
            Bucket.BlindWrites blindWrites,
            AntiEntropyConfig antiEntropy,
            ReplicationConfig replication) {
        this(nodeCount, replicas, blindWrites, antiEntropy, replication, new TransferRules());
    }

    public ManualCluster(
            int nodeCount,
            int replicas,
            Bucket.BlindWrites blindWrites,
            AntiEntropyConfig antiEntropy,
            TransferRules transferRules) {
        this(nodeCount, replicas, blindWrites, antiEntropy, ReplicationConfig.DEFAULTS, transferRules);
    }

    private ManualCluster(
            int nodeCount,
            int replicas,
            Bucket.BlindWrites blindWrites,
            AntiEntropyConfig antiEntropy,
            ReplicationConfig replication,
            TransferRules transferRules) {
        this.antiEntropy = antiEntropy;
        List<Member> members = new ArrayList<>();
        for (int i = 1; i <= nodeCount; i++) {
            members.add(new Member(new NodeId(i), 1.0, "dc1", "r" + i, "h" + i));
        }
        SlotTable table = SlotAllocator.initial(members, replicas, 3);
        this.firstRing = RingState.of(table);
        this.committed = firstRing;
        int n = table.width();
        this.buckets = List.of(new Bucket("default", 1, n, n / 2 + 1, n / 2 + 1, blindWrites));
        this.replication = replication;
        this.rules = new SafetyRules(SafetyRules.production(new Node0()).versions(), new HintRules(), transferRules);
        for (Member member : members) {
            nodes.put(member.id(), new Node(member.id()));
        }
    }

    /** Counts nothing: the rules' own counter is looked at nowhere. */
    private static final class Node0 implements Metrics {
        @Override
        public Counter counter(String name, String help) {
            return amount -> {};
        }

        @Override
        public void gauge(String name, String help, LongSupplier value) {}

        @Override
        public Histogram histogram(String name, String help) {
            return value -> {};
        }
    }

    public Node node(int number) {
        return node(new NodeId(number));
    }

    public Node node(NodeId id) {
        Node node = nodes.get(id);
        if (node == null) {
            throw new IllegalArgumentException("no node " + id);
        }
        return node;
    }

    /** Sets every node's wall clock, as somebody might by mistake. */
    public void setWallMillis(long unixMillis) {
        wallOrigin = unixMillis - now / 1_000_000;
    }

    /** The ring that was committed last, whoever knows it. */
    public RingState committedRing() {
        return committed;
    }

    /** Commits a change of the ring. Nobody learns it by that. */
    public void commit(UnaryOperator<RingEdit> change) {
        committed = change.apply(committed.edit()).build();
    }

    /** All that are up learn the ring that was committed last. */
    public void tellAll() {
        for (Node node : nodes.values()) {
            if (node.up) {
                node.learnRing();
            }
        }
        deliver();
    }

    /** From now on nobody can change the ring, or everybody again. */
    public void stopRegister(boolean stop) {
        registerDown = stop;
    }

    /** Messages that fit stay on the way until {@link #releaseAll}. */
    public void hold(Predicate<Message> which) {
        holding = which;
    }

    public void releaseAll() {
        holding = null;
        messages.addAll(held);
        held.clear();
        deliver();
    }

    /** Loses the messages that {@link #hold} kept. */
    public void dropHeld() {
        holding = null;
        held.clear();
    }

    /** Delivers what is on the way, and what follows from it, in order. */
    public void deliver() {
        while (!messages.isEmpty()) {
            Message message = messages.poll();
            if (node(message.to()).stopped) {
                held.add(message);
            } else if (holding != null && !isSignOfLife(message) && holding.test(message)) {
                held.add(message);
            } else if (node(message.to()).up) {
                message.delivery().run();
            }
        }
    }

    /** Stories hold requests; nodes whose requests are held go on telling each other that they live. */
    private static boolean isSignOfLife(Message message) {
        return message.request() instanceof PeerRequest.Ping || message.request() instanceof PeerRequest.OfMembership;
    }

    /** Lets time pass, with everything that is due. */
    public void pass(Duration time) {
        long until = now + time.toNanos();
        deliver();
        while (!timers.isEmpty() && timers.peek().at <= until) {
            Scheduled next = timers.poll();
            now = Math.max(now, next.at);
            next.task.run();
            deliver();
        }
        now = until;
    }

    /** Owners of a key of the default bucket, in preference order. */
    public List<NodeId> owners(String key) {
        return node(1).core()
                .placement("default", Bytes.utf8(key))
                .match(placement -> placement.owners(), failure -> List.of());
    }

    public CompletableFuture<Result<ClientAnswer>> get(NodeId coordinator, String key, int r) {
        return node(coordinator)
                .core()
                .get(
                        new ClientGet(
                                "",
                                Bytes.utf8(key),
                                Consistency.DEFAULT,
                                r == 0 ? OptionalInt.empty() : OptionalInt.of(r),
                                OptionalInt.empty(),
                                null),
                        null)
                .toCompletableFuture();
    }

    public CompletableFuture<Result<ClientAnswer>> write(NodeId coordinator, ClientWrite write) {
        return node(coordinator).core().write(write, null).toCompletableFuture();
    }

    /** The boot number of a node's start, counted from 1. */
    public static long bootOf(long start) {
        return start << 32 | 1;
    }

    /** A put with the bucket's defaults. */
    public static ClientWrite put(String key, String value, Bytes context) {
        return new ClientWrite(
                "",
                Bytes.utf8(key),
                Bytes.utf8(value),
                context,
                Consistency.DEFAULT,
                OptionalInt.empty(),
                OptionalInt.empty(),
                false,
                false,
                Bytes.EMPTY,
                1,
                null);
    }
}
