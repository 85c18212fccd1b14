package dev.quorate.sdk;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A client of one cluster: thread-safe, one per program, to be closed. It learns the ring from any seed and sends each key straight to an
 * owner. Building it starts to connect but does not wait; the first call tells whether that worked.
 *
 * <pre>{@code
 * try (QuorateClient quorate = QuorateClient.builder().seeds("n1:7400,n2:7400").build()) {
 *     Bucket<Cart> carts = quorate.bucket("carts", cartCodec, Resolver.merging(Cart::union));
 *     carts.update("alice", cart -> cart == null ? Cart.of("book") : cart.with("book"));
 * }
 * }</pre>
 */
public final class QuorateClient implements AutoCloseable {
    private final Engine engine;

    private QuorateClient(ClientSettings settings) {
        engine = new Engine(settings);
    }

    public static Builder builder() {
        return new Builder();
    }

    /** A bucket of plain bytes, without a resolver. */
    public Bucket<byte[]> bucket(String name) {
        return bucket(name, Codec.bytes());
    }

    /** A bucket whose conflicts the program resolves itself: {@link Versioned#value()} of several siblings throws, and says so. */
    public <T> Bucket<T> bucket(String name, Codec<T> codec) {
        return new Bucket<>(engine, new ValueShape<>(name, codec, null));
    }

    /** A bucket whose conflicts the resolver settles whenever a value is asked for. */
    public <T> Bucket<T> bucket(String name, Codec<T> codec, Resolver<T> resolver) {
        return new Bucket<>(engine, new ValueShape<>(name, codec, resolver));
    }

    public ClientCounters counters() {
        return engine.counters();
    }

    /** Fails every call that has no answer yet with {@code CLIENT_CLOSED}, closes the connections and ends the thread. */
    @Override
    public void close() {
        engine.close();
    }

    /** How a client is set up. Every bound has a default that suits one program on one cluster. */
    public static final class Builder {
        /** A connection tells its calls apart by twenty bits. */
        private static final int MOST_IN_FLIGHT = 1_000_000;

        private List<String> seeds = List.of();
        private Duration requestTimeout = Duration.ofSeconds(2);
        private Duration attemptTimeout = Duration.ofMillis(500);
        private Transport transport = Transport.PIPELINE;
        private int maxInFlight = 4096;
        private int maxInFlightBytes = 64 << 20;
        private int maxCarriedContexts = 65_536;
        private long maxCarriedContextBytes = 16 << 20;
        private int retryReserve = 100;
        private @Nullable String clusterId;
        private @Nullable RequestListener listener;

        private Builder() {}

        /** Client addresses of some nodes, {@code host:port}, separated by commas. One that answers is enough. */
        public Builder seeds(String addresses) {
            return seeds(Arrays.stream(addresses.split(",")).map(String::strip).toList());
        }

        public Builder seeds(List<String> addresses) {
            List<String> checked = new ArrayList<>();
            for (String address : addresses) {
                checked.add(checkAddress(address));
            }
            seeds = List.copyOf(checked);
            return this;
        }

        /** The deadline of a call unless its options have one; 2 s. */
        public Builder requestTimeout(Duration timeout) {
            Options.checkTimeout(timeout);
            requestTimeout = timeout;
            return this;
        }

        /** How long one node may keep a call waiting before another is asked, where that is safe; 500 ms. */
        public Builder attemptTimeout(Duration timeout) {
            Options.checkTimeout(timeout);
            attemptTimeout = timeout;
            return this;
        }

        public Builder transport(Transport way) {
            transport = way;
            return this;
        }

        /** Calls without an answer, at most a million; one more fails with OVERLOADED, or waits in a blocking method. 4096. */
        public Builder maxInFlight(int calls) {
            maxInFlight = checkPositive("maxInFlight", calls);
            if (calls > MOST_IN_FLIGHT) {
                throw new IllegalArgumentException("maxInFlight is " + calls + ", above " + MOST_IN_FLIGHT);
            }
            return this;
        }

        /** Bytes of keys and values of those calls; 64 MiB. */
        public Builder maxInFlightBytes(int bytes) {
            maxInFlightBytes = checkPositive("maxInFlightBytes", bytes);
            return this;
        }

        /** Keys whose last write is remembered so that the next one continues it; 65 536, and 16 MiB of contexts. */
        public Builder maxCarriedContexts(int keys) {
            maxCarriedContexts = checkPositive("maxCarriedContexts", keys);
            return this;
        }

        public Builder maxCarriedContextBytes(long bytes) {
            maxCarriedContextBytes = bytes;
            return this;
        }

        /** Retries that may be made at once, beyond the tenth of the requests that may be retries at any time; 100. */
        public Builder retryReserve(int retries) {
            retryReserve = checkPositive("retryReserve", retries);
            return this;
        }

        /** Refuses any other cluster from the start; otherwise the first one that answers is meant. */
        public Builder clusterId(String id) {
            clusterId = id;
            return this;
        }

        public Builder listener(RequestListener hooks) {
            listener = hooks;
            return this;
        }

        public QuorateClient build() {
            if (seeds.isEmpty()) {
                throw new IllegalArgumentException("no seeds: name the client address of at least one node, host:port");
            }
            return new QuorateClient(new ClientSettings(
                    seeds,
                    requestTimeout,
                    attemptTimeout,
                    transport,
                    maxInFlight,
                    maxInFlightBytes,
                    maxCarriedContexts,
                    maxCarriedContextBytes,
                    retryReserve,
                    clusterId,
                    listener));
        }

        private static int checkPositive(String name, int number) {
            if (number < 1) {
                throw new IllegalArgumentException(name + " is " + number + ", below 1");
            }
            return number;
        }

        private static String checkAddress(String address) {
            int colon = address.lastIndexOf(':');
            try {
                int port = Integer.parseInt(address.substring(colon + 1));
                if (colon > 0 && port > 0 && port < 65_536) {
                    return address;
                }
            } catch (NumberFormatException notANumber) {
                throw new IllegalArgumentException("'" + address + "' is not host:port", notANumber);
            }
            throw new IllegalArgumentException("'" + address + "' is not host:port");
        }
    }
}
