package dev.quorate.sdk.transport;

import java.time.Duration;

/**
 * How to speak to a node.
 *
 * @param pipelined operations travel in batches over the stream, not as one call each
 * @param connectTimeout for TCP; the attempt's own limit is usually shorter
 * @param keepAlive servers permit 5 s; a shorter time than that ends in GOAWAY
 */
public record ConnectionSettings(boolean pipelined, Duration connectTimeout, Duration keepAlive, String userAgent) {}
