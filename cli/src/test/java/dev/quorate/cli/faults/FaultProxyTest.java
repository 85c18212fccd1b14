package dev.quorate.cli.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Real sockets: node 1 dials node 2 through the proxy, and the test plays both. */
@Timeout(value = 1, unit = TimeUnit.MINUTES)
class FaultProxyTest {
    private static final Direction FORTH = new Direction(1, 2);
    private static final Direction BACK = FORTH.reversed();
    /** In which nothing must arrive. No test waits for longer than it has to on a machine that is in time. */
    private static final int SILENCE_MILLIS = 150;

    private static final byte[] HELLO = {'h', 'e', 'l', 'l', 'o'};

    private ServerSocket second;
    private FaultProxy proxy;
    private InetSocketAddress proxied;

    @BeforeEach
    void start() throws IOException {
        second = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        proxied = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        proxy = FaultProxy.start(List.of(new Link(1, 2, proxied, (InetSocketAddress) second.getLocalSocketAddress())));
    }

    @AfterEach
    void stop() throws IOException {
        proxy.close();
        second.close();
    }

    /** Both ends of one connection through the proxy. */
    private record Connection(Socket first, Socket second) implements AutoCloseable {
        @Override
        public void close() throws IOException {
            first.close();
            second.close();
        }
    }

    private Socket dial() throws IOException {
        Socket socket = new Socket();
        socket.connect(proxied, 5_000);
        return socket;
    }

    private Connection connect() throws IOException {
        Socket first = dial();
        return new Connection(first, second.accept());
    }

    private static void assertArrives(Socket to, byte[] expected) throws IOException {
        to.setSoTimeout(20_000);
        assertThat(to.getInputStream().readNBytes(expected.length)).isEqualTo(expected);
    }

    private static void assertNothingArrives(Socket to) throws IOException {
        to.setSoTimeout(SILENCE_MILLIS);
        assertThatThrownBy(() -> to.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
    }

    @Test
    void bytesAndTheEndOfAConnectionPassBothWays() throws IOException {
        try (Connection connection = connect()) {
            connection.first().getOutputStream().write(HELLO);
            assertArrives(connection.second(), HELLO);
            connection.first().shutdownOutput();
            assertThat(connection.second().getInputStream().read()).isEqualTo(-1);
            connection.second().getOutputStream().write(HELLO);
            assertArrives(connection.first(), HELLO);
            connection.second().shutdownOutput();
            assertThat(connection.first().getInputStream().read()).isEqualTo(-1);
            await().until(() -> proxy.connections() == 0);
            assertThat(proxy.forwardedBytes(FORTH)).isEqualTo(HELLO.length);
            assertThat(proxy.forwardedBytes()).isEqualTo(2L * HELLO.length);
        }
    }

    @Test
    void manyBytesPassUnchangedInBothDirectionsAtOnceThroughDelayAndThrottle() throws Exception {
        proxy.disturb(Map.of(
                FORTH,
                new Disturbance(false, Duration.ofMillis(5), 32 << 20),
                BACK,
                Disturbance.delayedBy(Duration.ofMillis(3))));
        byte[] bytes = new byte[5 << 20];
        new Random(7).nextBytes(bytes);
        try (Connection connection = connect()) {
            List<Thread> writers = List.of(writer(connection.first(), bytes), writer(connection.second(), bytes));
            Thread reader = new Thread(() -> readAll(connection.first(), bytes));
            reader.start();
            readAll(connection.second(), bytes);
            for (Thread writer : writers) {
                writer.join();
            }
            reader.join();
            await().until(() -> proxy.connections() == 0);
        }
        assertThat(proxy.forwardedBytes(FORTH)).isEqualTo(bytes.length);
        assertThat(proxy.forwardedBytes(BACK)).isEqualTo(bytes.length);
    }

    private static Thread writer(Socket socket, byte[] bytes) {
        Thread thread = new Thread(() -> {
            try {
                socket.getOutputStream().write(bytes);
                socket.shutdownOutput();
            } catch (IOException failed) {
                throw new IllegalStateException(failed);
            }
        });
        thread.start();
        return thread;
    }

    private static void readAll(Socket socket, byte[] expected) {
        try {
            assertThat(Arrays.equals(socket.getInputStream().readAllBytes(), expected))
                    .isTrue();
        } catch (IOException failed) {
            throw new IllegalStateException(failed);
        }
    }

    @Test
    void oneDirectionIsCutWhileTheOtherGoesOnAndWhatWasSentArrivesAfterTheHeal() throws IOException {
        try (Connection connection = connect()) {
            proxy.disturb(Map.of(FORTH, Disturbance.CUT));
            connection.first().getOutputStream().write(HELLO);
            connection.second().getOutputStream().write(HELLO);
            assertArrives(connection.first(), HELLO);
            assertNothingArrives(connection.second());
            proxy.heal();
            assertArrives(connection.second(), HELLO);
        }
    }

    @Test
    void throughACutNobodyHearsThatAConnectionHasEnded() throws IOException {
        try (Connection connection = connect()) {
            proxy.disturb(Map.of(FORTH, Disturbance.CUT));
            connection.first().close();
            assertNothingArrives(connection.second());
            proxy.heal();
            connection.second().setSoTimeout(20_000);
            assertThat(connection.second().getInputStream().read()).isEqualTo(-1);
        }
    }

    @Test
    void aHandshakeTakesBothDirections() throws IOException {
        proxy.disturb(Map.of(BACK, Disturbance.CUT));
        second.setSoTimeout(SILENCE_MILLIS);
        try (Socket first = dial();
                Socket impatient = dial()) {
            first.getOutputStream().write(HELLO);
            assertThatThrownBy(() -> second.accept()).isInstanceOf(SocketTimeoutException.class);
            impatient.close();
            await().until(() -> proxy.connections() == 2);
            proxy.heal();
            second.setSoTimeout(20_000);
            try (Socket accepted = second.accept()) {
                assertArrives(accepted, HELLO);
            }
            // The one that gave up meanwhile is no news for node 2.
            second.setSoTimeout(SILENCE_MILLIS);
            assertThatThrownBy(() -> second.accept()).isInstanceOf(SocketTimeoutException.class);
        }
    }

    @Test
    void delayedBytesArriveLaterAndInOrder() throws IOException {
        proxy.disturb(Map.of(FORTH, Disturbance.delayedBy(Duration.ofMillis(200))));
        try (Connection connection = connect()) {
            long sent = System.nanoTime();
            connection.first().getOutputStream().write(HELLO);
            connection.first().getOutputStream().write(HELLO);
            assertArrives(connection.second(), HELLO);
            assertThat(System.nanoTime() - sent).isGreaterThanOrEqualTo(200_000_000L);
            proxy.heal();
            connection.first().getOutputStream().write('!');
            assertArrives(connection.second(), HELLO);
            assertArrives(connection.second(), new byte[] {'!'});
        }
    }

    @Test
    void throttledBytesTakeTheirTime() throws IOException {
        proxy.disturb(Map.of(FORTH, Disturbance.throttledTo(100_000)));
        try (Connection connection = connect()) {
            long sent = System.nanoTime();
            byte[] bytes = new byte[50_000];
            connection.first().getOutputStream().write(bytes);
            assertArrives(connection.second(), bytes);
            // A twentieth of a second's worth may pass at once.
            assertThat(System.nanoTime() - sent).isGreaterThanOrEqualTo(400_000_000L);
        }
    }

    @Test
    void resetBreaksWhatStandsAndLetsThemConnectAgain() throws IOException {
        try (Connection connection = connect()) {
            proxy.reset(2, 1);
            assertThatThrownBy(() -> connection.second().getInputStream().read())
                    .isInstanceOf(SocketException.class);
            assertThatThrownBy(() -> connection.first().getInputStream().read()).isInstanceOf(SocketException.class);
        }
        assertThat(proxy.connections()).isZero();
        bytesAndTheEndOfAConnectionPassBothWays();
    }

    @Test
    void aPeerThatDoesNotListenBreaksTheConnection() throws IOException {
        second.close();
        assertThatThrownBy(() -> {
                    // Sometimes it breaks even before the dialling is over.
                    try (Socket first = dial()) {
                        first.getInputStream().read();
                    }
                })
                .isInstanceOf(SocketException.class);
        await().until(() -> proxy.connections() == 0);
    }

    @Test
    void aReceiverThatDoesNotReadHoldsItsSenderUp() throws Exception {
        try (Connection connection = connect()) {
            byte[] tooMuch = new byte[64 << 20];
            Thread sender = new Thread(() -> {
                try {
                    connection.first().getOutputStream().write(tooMuch);
                } catch (IOException closedByTheTest) {
                    assertThat(connection.first().isClosed()).isTrue();
                }
            });
            sender.start();
            sender.join(SILENCE_MILLIS);
            assertThat(sender.isAlive()).isTrue();
            connection.close();
            sender.join();
        }
    }

    @Test
    void connectionsThatWaitThroughACutAreBounded() throws IOException {
        proxy.disturb(Map.of(FORTH, Disturbance.CUT));
        for (int i = 0; i < FaultProxy.MOST_CONNECTIONS + 10; i++) {
            dial().close();
        }
        await().until(() -> proxy.connections() == FaultProxy.MOST_CONNECTIONS);
        proxy.heal();
        await().until(() -> proxy.connections() == 0);
    }

    @Test
    void aLinkThatItDoesNotHaveIsAnError() {
        assertThatThrownBy(() -> proxy.disturb(Map.of(new Direction(1, 3), Disturbance.CUT)))
                .hasMessageContaining("n1->n3");
    }
}
