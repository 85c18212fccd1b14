package dev.quorate.server.metrics;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.quorate.server.system.NettyEventLoop;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** {@code GET /metrics} over plain HTTP, for scrapers that do not speak gRPC. Off unless {@code metrics.listen} is set. */
public final class MetricsListener implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofSeconds(2);
    private static final int BACKLOG = 16;

    private final HttpServer server;
    private final NettyEventLoop loop;
    private final PrometheusText text;

    private MetricsListener(HttpServer server, NettyEventLoop loop, PrometheusText text) {
        this.server = server;
        this.loop = loop;
        this.text = text;
    }

    public static MetricsListener start(InetSocketAddress address, NettyEventLoop loop, PrometheusText text)
            throws IOException {
        HttpServer server;
        try {
            server = HttpServer.create(address, BACKLOG);
        } catch (IOException refused) {
            throw new IOException(
                    "cannot listen on " + address.getHostString() + ":" + address.getPort() + " (metrics.listen): "
                            + refused.getMessage() + ": stop what listens there, or choose another address",
                    refused);
        }
        MetricsListener listener = new MetricsListener(server, loop, text);
        server.createContext("/", listener::answer);
        server.start();
        return listener;
    }

    public int port() {
        return server.getAddress().getPort();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            boolean known = exchange.getRequestURI().getPath().equals("/metrics");
            if (!known || !exchange.getRequestMethod().equals("GET")) {
                reply(exchange, known ? 405 : 404, "GET /metrics\n");
                return;
            }
            String page =
                    loop.ask(LIMIT, text::page).toCompletableFuture().get(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
            reply(exchange, 200, page);
        } catch (TimeoutException | ExecutionException busy) {
            reply(exchange, 503, "the node did not answer within " + LIMIT.toSeconds() + " s\n");
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    private static void reply(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
        exchange.sendResponseHeaders(status, bytes.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(bytes);
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
