package dev.quorate.integration;

import static org.awaitility.Awaitility.await;

import dev.quorate.sdk.Bucket;
import dev.quorate.sdk.Codec;
import dev.quorate.sdk.QuorateClient;
import dev.quorate.sdk.QuorateException;
import dev.quorate.sdk.ReadOptions;
import dev.quorate.sdk.Resolver;
import dev.quorate.sdk.Sibling;
import dev.quorate.sdk.Versioned;
import dev.quorate.sdk.WriteOptions;
import dev.quorate.simulation.History;
import dev.quorate.simulation.History.Evidence;
import dev.quorate.simulation.History.Intent;
import dev.quorate.simulation.History.Seen;
import dev.quorate.simulation.History.Write;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.atomic.LongAdder;

/**
 * Concurrent clients, each with an SDK client and a thread of its own, doing one operation after the other and writing down what they asked
 * and were told. Three kinds of keys:
 *
 * <ul>
 *   <li>careful ones, always written with the context of a read: every acknowledged write must be found, or one whose writer had read it;
 *   <li>careless ones, now and then written without a context, where any such write may replace what its coordinator held;
 *   <li>sets, to which {@code update} adds: no addition that was acknowledged may be missing.
 * </ul>
 *
 * Only so many writes go to one key, then a fresh one takes its place: the check of a key costs the cube of its history.
 */
final class Load implements AutoCloseable {
    static final int REPLICAS = 3;
    static final int QUORUM = 2;

    private static final int CAREFUL_KEYS = 20;
    private static final int CARELESS_KEYS = 10;
    private static final int SETS = 6;
    private static final int WRITES_PER_KEY = 100;
    private static final long LONGEST_PAUSE_MILLIS = 20;

    private static final ReadOptions READ = ReadOptions.DEFAULT.withR(QUORUM);
    private static final WriteOptions WRITE = WriteOptions.DEFAULT.withW(QUORUM);
    private static final WriteOptions BLIND_WRITE = WRITE.withCarryContext(false);

    /** A request that had no answer. */
    record Failed(long atNanos, String request, QuorateException failure) {}

    /** A key under load, with the number of writes it has had. */
    private record Live(String name, AtomicInteger writes) {}

    private final History history = new History(Evidence.BLACK_BOX, REPLICAS);
    private final List<QuorateClient> clients = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private final AtomicBoolean over = new AtomicBoolean();
    private final Queue<Throwable> defects = new ConcurrentLinkedQueue<>();
    private final Queue<Failed> failures = new ConcurrentLinkedQueue<>();
    private final LongAdder operations = new LongAdder();
    private final AtomicReferenceArray<Live> keys = new AtomicReferenceArray<>(CAREFUL_KEYS + CARELESS_KEYS + SETS);
    private final Set<String> historyKeys = ConcurrentHashMap.newKeySet();
    private final Set<String> setKeys = ConcurrentHashMap.newKeySet();
    private final Set<String> added = ConcurrentHashMap.newKeySet();
    private final Set<String> refused = ConcurrentHashMap.newKeySet();
    private final Set<String> attempted = ConcurrentHashMap.newKeySet();
    private final AtomicInteger mostSiblings = new AtomicInteger();
    private final AtomicReference<Latencies> latencies = new AtomicReference<>(new Latencies());

    private Load() {}

    /**
     * Seeds the keys and sets the clients going.
     *
     * @param seeds where clients begin, one after the other
     */
    static Load start(List<String> seeds, int clients, Duration timeout, long seed) {
        Load load = new Load();
        try {
            for (int i = 0; i < clients; i++) {
                QuorateClient client = QuorateClient.builder()
                        .seeds(seeds.get(i % seeds.size()))
                        .requestTimeout(timeout)
                        .build();
                load.clients.add(client);
                Client one = load.new Client("c" + i, client, new Random(seed * 1_000 + i));
                load.threads.add(new Thread(one, "client-" + i));
            }
            Client first = load.new Client("seeder", load.clients.get(0), new Random(seed));
            for (int slot = 0; slot < load.keys.length(); slot++) {
                int empty = slot;
                // The very first requests meet nodes that have just started: what fails here is no part of the test.
                await("a first key " + slot).atMost(Duration.ofSeconds(60)).until(() -> {
                    first.replaceKey(empty, 0);
                    return load.keys.get(empty) != null;
                });
            }
            load.forgetFailures();
            load.threads.forEach(Thread::start);
            return load;
        } catch (RuntimeException | Error failed) {
            load.close();
            throw failed;
        }
    }

    long operations() {
        return operations.sum();
    }

    List<Failed> failures() {
        return List.copyOf(failures);
    }

    /** What failed so far is no part of the test. The history keeps it. */
    void forgetFailures() {
        failures.clear();
        takeLatencies();
    }

    /** Of the requests that were answered since the last call. */
    Latencies takeLatencies() {
        return latencies.getAndSet(new Latencies());
    }

    /** All keys that were ever written. */
    List<String> keys() {
        Set<String> all = new TreeSet<>(historyKeys);
        all.addAll(setKeys);
        return List.copyOf(all);
    }

    History history() {
        return history;
    }

    int keysUsed() {
        return historyKeys.size() + setKeys.size();
    }

    int mostSiblings() {
        return mostSiblings.get();
    }

    /** Lets every client finish what it does. */
    void stop() throws InterruptedException {
        over.set(true);
        for (Thread thread : threads) {
            thread.join(TimeUnit.SECONDS.toMillis(30));
            if (thread.isAlive()) {
                throw new AssertionError(thread.getName() + " hangs: " + List.of(thread.getStackTrace()));
            }
        }
        for (Throwable defect : defects) {
            throw new AssertionError("a client ended with " + defect, defect);
        }
    }

    /** Reads every key that was ever written, into the history; returns what is wrong with the sets. */
    List<String> readEverything(String seeds, int r, boolean last) {
        List<String> wrong = new ArrayList<>();
        ReadOptions options = ReadOptions.DEFAULT.withR(r);
        try (QuorateClient client = QuorateClient.builder().seeds(seeds).build()) {
            Bucket<String> values = client.bucket("default", Codec.utf8());
            for (String key : new TreeSet<>(historyKeys)) {
                long invoked = System.nanoTime();
                Versioned<String> found = values.get(key, options);
                history.read(key, "reader", r, invoked, System.nanoTime(), last, valuesOf(found));
            }
            Bucket<Set<String>> sets = sets(client);
            Set<String> found = new TreeSet<>();
            for (String key : new TreeSet<>(setKeys)) {
                found.addAll(sets.get(key, options).orElse(Set.of()));
            }
            for (String element : new TreeSet<>(added)) {
                if (!found.contains(element)) {
                    wrong.add("lost: " + element + " was added and acknowledged");
                }
            }
            for (String element : found) {
                if (!attempted.contains(element)) {
                    wrong.add("invented: " + element);
                }
                if (refused.contains(element)) {
                    wrong.add("refused with nothing written, and there: " + element);
                }
            }
        }
        return wrong;
    }

    @Override
    public void close() {
        over.set(true);
        threads.forEach(Thread::interrupt);
        clients.forEach(QuorateClient::close);
    }

    private static Bucket<Set<String>> sets(QuorateClient client) {
        Codec<String> text = Codec.utf8();
        Codec<Set<String>> codec = Codec.of(
                set -> text.encode(String.join(" ", set)),
                bytes -> bytes.length == 0
                        ? new TreeSet<>()
                        : new TreeSet<>(List.of(text.decode(bytes).split(" "))));
        return client.bucket("default", codec, Resolver.merging((left, right) -> {
            Set<String> union = new TreeSet<>(left);
            union.addAll(right);
            return union;
        }));
    }

    private static List<String> valuesOf(Versioned<String> answer) {
        return answer.siblings().stream().map(Sibling::value).toList();
    }

    /** One of the concurrent clients. */
    private final class Client implements Runnable {
        private final String name;
        private final Bucket<String> values;
        private final Bucket<Set<String>> sets;
        private final Random random;
        private int additions;

        Client(String name, QuorateClient client, Random random) {
            this.name = name;
            this.values = client.bucket("default", Codec.utf8());
            this.sets = sets(client);
            this.random = random;
        }

        @Override
        public void run() {
            try {
                while (!over.get()) {
                    step();
                    Thread.sleep(random.nextLong(LONGEST_PAUSE_MILLIS + 1));
                }
            } catch (InterruptedException closed) {
                Thread.currentThread().interrupt();
            } catch (RuntimeException | Error defect) {
                defects.add(defect);
            }
        }

        private void step() {
            int slot = random.nextInt(keys.length());
            Live key = keys.get(slot);
            int dice = random.nextInt(100);
            if (slot >= CAREFUL_KEYS + CARELESS_KEYS) {
                attempt("add to " + key.name(), () -> add(key.name()));
                key.writes().incrementAndGet();
            } else if (dice < 25) {
                attempt("get " + key.name(), () -> read(key.name()));
            } else if (slot >= CAREFUL_KEYS && dice < 60) {
                write(key, null, dice < 30);
            } else {
                attempt("get " + key.name(), () -> write(key, read(key.name()), dice < 40));
            }
            if (key.writes().get() >= WRITES_PER_KEY) {
                replaceKey(
                        slot, Integer.parseInt(key.name().substring(key.name().indexOf('.') + 1)) + 1);
            }
        }

        /** What was read, and what its reader has therefore seen. */
        private record Known(Versioned<String> answer, Seen seen) {}

        private Known read(String key) {
            long invoked = System.nanoTime();
            Versioned<String> answer = values.get(key, READ);
            List<String> found = valuesOf(answer);
            mostSiblings.accumulateAndGet(found.size(), Math::max);
            // Who stood in for an owner need not know what owners had acknowledged.
            int owners = Math.min(QUORUM, answer.report().primaries());
            return new Known(
                    answer,
                    history.read(key, name, owners, invoked, System.nanoTime(), false, found)
                            .seen());
        }

        /** @param known null to write without a context */
        private void write(Live key, Known known, boolean delete) {
            boolean blind = known == null || known.answer().context().isEmpty();
            Write write = history.invoke(
                    new Intent(key.name(), name, delete, blind ? null : known.seen(), QUORUM, true), System.nanoTime());
            key.writes().incrementAndGet();
            attempt((delete ? "delete " : "put ") + key.name(), () -> {
                try {
                    Versioned<String> answer = send(key.name(), write.value(), known, delete);
                    write.acknowledged(System.nanoTime(), answer.report().nodes());
                    write.acknowledgedByOwners(answer.report().primaries());
                } catch (QuorateException failure) {
                    if (!failure.outcomeUnknown()) {
                        write.refused(System.nanoTime());
                    }
                    throw failure;
                }
            });
        }

        private Versioned<String> send(String key, String value, Known known, boolean delete) {
            byte[] bytes = Codec.utf8().encode(key);
            if (delete) {
                return known == null ? values.delete(bytes, BLIND_WRITE) : values.delete(bytes, known.answer(), WRITE);
            }
            return known == null
                    ? values.put(bytes, value, BLIND_WRITE)
                    : values.put(bytes, known.answer().with(value), WRITE);
        }

        private void add(String key) {
            String element = key + "/" + name + "/" + additions++;
            attempted.add(element);
            try {
                sets.update(
                        Codec.utf8().encode(key),
                        old -> {
                            Set<String> more = old == null ? new TreeSet<>() : new TreeSet<>(old);
                            more.add(element);
                            return more;
                        },
                        READ,
                        WRITE);
                added.add(element);
            } catch (QuorateException failure) {
                if (!failure.outcomeUnknown()) {
                    refused.add(element);
                }
                throw failure;
            }
        }

        private void attempt(String request, Runnable operation) {
            long began = System.nanoTime();
            try {
                operation.run();
                operations.increment();
                latencies.get().add(System.nanoTime() - began);
            } catch (QuorateException failure) {
                if (!over.get() || failure.reason() != QuorateException.Reason.CLIENT_CLOSED) {
                    failures.add(new Failed(System.nanoTime(), request, failure));
                }
            }
        }

        /**
         * Puts a fresh key in the place of a used one. It is written once before anybody else knows it, so that whoever reads it gets a
         * context: without one, its first writers would replace each other's values by right, and the check would have to let that pass.
         */
        private void replaceKey(int slot, int generation) {
            Live used = keys.get(slot);
            boolean set = slot >= CAREFUL_KEYS + CARELESS_KEYS;
            String kind = set ? "set" : slot < CAREFUL_KEYS ? "careful" : "careless";
            Live fresh = new Live(kind + slot + "." + generation, new AtomicInteger());
            if (set) {
                setKeys.add(fresh.name());
                keys.compareAndSet(slot, used, fresh);
                return;
            }
            Write first = history.invoke(new Intent(fresh.name(), name, false, null, QUORUM, true), System.nanoTime());
            attempt("put " + fresh.name(), () -> {
                Versioned<String> answer = values.put(Codec.utf8().encode(fresh.name()), first.value(), BLIND_WRITE);
                first.acknowledged(System.nanoTime(), answer.report().nodes());
                first.acknowledgedByOwners(answer.report().primaries());
                historyKeys.add(fresh.name());
                keys.compareAndSet(slot, used, fresh);
            });
        }
    }
}
