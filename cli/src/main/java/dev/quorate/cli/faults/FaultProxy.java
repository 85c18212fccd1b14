package dev.quorate.cli.faults;

import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Stands between nodes on one machine and disturbs what they send each other, for each direction of each pair by itself. It knows TCP and
 * nothing above it. What it is told is in force when the call returns.
 *
 * <p>Bounded: each connection holds at most a megabyte in each direction, and each link at most {@link #MOST_CONNECTIONS} connections, of
 * which the oldest is broken for a newer one: nodes that dial through a cut leave one behind with every attempt.
 */
public final class FaultProxy implements AutoCloseable {
    static final int MOST_CONNECTIONS = 64;

    private static final int BUFFER_BYTES = 64 << 10;
    private static final long PATIENCE_SECONDS = 10;

    private final Selector selector;
    private final SortedMap<Direction, Way> ways = new TreeMap<>();
    private final List<Relay> relays = new ArrayList<>();
    private final Map<Relay, Long> dueNanos = new LinkedHashMap<>();
    private final Queue<Runnable> orders = new ConcurrentLinkedQueue<>();
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    private final Thread thread = new Thread(this::run, "fault-proxy");
    private volatile boolean closed;
    private volatile @Nullable Throwable defect;

    private FaultProxy(Selector selector) {
        this.selector = selector;
    }

    /** Listens for all links; at first nothing is disturbed. */
    public static FaultProxy start(Collection<Link> links) throws IOException {
        FaultProxy proxy = new FaultProxy(Selector.open());
        try {
            for (Link link : links) {
                proxy.ways.computeIfAbsent(link.direction(), direction -> new Way());
                proxy.ways.computeIfAbsent(link.direction().reversed(), direction -> new Way());
                ServerSocketChannel listener = ServerSocketChannel.open();
                listener.configureBlocking(false);
                listener.register(proxy.selector, SelectionKey.OP_ACCEPT, link);
                listener.setOption(StandardSocketOptions.SO_REUSEADDR, true);
                listener.bind(link.proxied());
            }
        } catch (IOException failed) {
            proxy.closeSockets();
            throw failed;
        }
        proxy.thread.setDaemon(true);
        proxy.thread.start();
        return proxy;
    }

    /** Puts these in the place of all that was disturbed so far. */
    public void disturb(Map<Direction, Disturbance> disturbances) {
        order(() -> {
            for (Direction direction : disturbances.keySet()) {
                if (!ways.containsKey(direction)) {
                    throw new IllegalArgumentException(direction + " is no link of this proxy");
                }
            }
            long now = System.nanoTime();
            ways.forEach((direction, way) -> way.become(disturbances.getOrDefault(direction, Disturbance.NONE), now));
            // Not while iterating: one that is over leaves the list.
            new ArrayList<>(relays).forEach(this::advance);
        });
    }

    public void heal() {
        disturb(Map.of());
    }

    /** Breaks what connections stand between two nodes, whoever opened them. They may connect again at once. */
    public void reset(int one, int other) {
        order(() -> {
            for (Relay relay : new ArrayList<>(relays)) {
                Direction dialled = relay.link().direction();
                if (dialled.equals(new Direction(one, other)) || dialled.equals(new Direction(other, one))) {
                    relay.reset();
                    forget(relay);
                }
            }
        });
    }

    /** Connections that stand, or wait for a cut to heal. */
    public int connections() {
        return ask(relays::size);
    }

    /** Bytes that were passed on so far. */
    public long forwardedBytes(Direction direction) {
        return ask(() -> {
            Way way = ways.get(direction);
            return way == null ? 0 : way.forwardedBytes();
        });
    }

    /** Of all directions together. */
    public long forwardedBytes() {
        return ask(() -> ways.values().stream().mapToLong(Way::forwardedBytes).sum());
    }

    private interface Order {
        void carryOut() throws IOException;
    }

    private interface Question<T> {
        T answer() throws IOException;
    }

    private void order(Order order) {
        ask(() -> {
            order.carryOut();
            return true;
        });
    }

    private <T> T ask(Question<T> question) {
        CompletableFuture<T> done = new CompletableFuture<>();
        orders.add(() -> {
            try {
                done.complete(question.answer());
            } catch (IOException | RuntimeException failed) {
                done.completeExceptionally(failed);
            }
        });
        selector.wakeup();
        try {
            return done.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException failed) {
            throw new IllegalStateException("the fault proxy could not: " + failed.getCause(), failed);
        } catch (TimeoutException late) {
            Throwable reason = defect == null ? late : defect;
            throw new IllegalStateException("the fault proxy does not run" + (closed ? ": closed" : ""), reason);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", interrupted);
        }
    }

    private void run() {
        try {
            while (!closed) {
                selector.select(millisUntilNextDue());
                for (Runnable order = orders.poll(); order != null; order = orders.poll()) {
                    order.run();
                }
                for (SelectionKey key : selector.selectedKeys()) {
                    if (key.attachment() instanceof Link link) {
                        accept((ServerSocketChannel) key.channel(), link);
                    } else {
                        advance((Relay) key.attachment());
                    }
                }
                selector.selectedKeys().clear();
                advanceDue();
            }
        } catch (IOException | RuntimeException | Error broken) {
            defect = broken;
        } finally {
            closeSockets();
        }
    }

    /** 0 is without limit, for the selector. */
    private long millisUntilNextDue() {
        long next = Flow.NO_TIME;
        for (long due : dueNanos.values()) {
            next = Math.min(next, due);
        }
        return next == Flow.NO_TIME ? 0 : Math.max(1, (next - System.nanoTime()) / 1_000_000);
    }

    private void advanceDue() {
        long now = System.nanoTime();
        List<Relay> due = new ArrayList<>();
        dueNanos.forEach((relay, at) -> {
            if (at <= now) {
                due.add(relay);
            }
        });
        due.forEach(this::advance);
    }

    private void accept(ServerSocketChannel listener, Link link) throws IOException {
        SocketChannel accepted = listener.accept();
        if (accepted == null) {
            return;
        }
        Direction direction = link.direction();
        Relay relay;
        try {
            relay = new Relay(link, way(direction), way(direction.reversed()), selector, accepted);
        } catch (IOException brokenAlready) {
            accepted.close();
            return;
        }
        List<Relay> ofLink =
                relays.stream().filter(each -> each.link().equals(link)).toList();
        if (ofLink.size() >= MOST_CONNECTIONS) {
            Relay oldest = ofLink.get(0);
            oldest.reset();
            forget(oldest);
        }
        relays.add(relay);
        advance(relay);
    }

    private Way way(Direction direction) {
        return ways.computeIfAbsent(direction, each -> new Way());
    }

    private void advance(Relay relay) {
        long again;
        try {
            again = relay.advance(buffer, System.nanoTime());
        } catch (IOException unusable) {
            throw new java.io.UncheckedIOException("a connection of " + relay.link(), unusable);
        }
        if (relay.over()) {
            forget(relay);
        } else if (again == Flow.NO_TIME) {
            dueNanos.remove(relay);
        } else {
            dueNanos.put(relay, again);
        }
    }

    private void forget(Relay relay) {
        relays.remove(relay);
        dueNanos.remove(relay);
    }

    /** Breaks all connections and ends. */
    @Override
    public void close() {
        closed = true;
        selector.wakeup();
        try {
            thread.join(TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS));
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void closeSockets() {
        try {
            for (SelectionKey key : selector.keys()) {
                key.channel().close();
            }
            selector.close();
        } catch (IOException failed) {
            throw new java.io.UncheckedIOException("cannot close the fault proxy's sockets", failed);
        }
    }
}
