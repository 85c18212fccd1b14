package dev.quorate.integration;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Ports that nobody listens on. Below the range from which the kernel takes ports for outgoing connections: otherwise a node's own
 * connection to a killed peer could take the very port on which the peer wants to listen again.
 */
final class FreePorts {
    private static final int FROM = 20_000;
    private static final int TO_EXCLUSIVE = 32_000;
    private static final int TRIES = 1_000;

    private static final Set<Integer> TAKEN = new HashSet<>();

    private FreePorts() {}

    /** Never the same one twice in this JVM. */
    static synchronized int next() {
        for (int i = 0; i < TRIES; i++) {
            int port = ThreadLocalRandom.current().nextInt(FROM, TO_EXCLUSIVE);
            if (!TAKEN.contains(port) && isFree(port)) {
                TAKEN.add(port);
                return port;
            }
        }
        throw new IllegalStateException("no free port from " + FROM + " to " + TO_EXCLUSIVE);
    }

    private static boolean isFree(int port) {
        try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return socket.isBound();
        } catch (java.net.BindException taken) {
            return false;
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }
}
