package dev.quorate.cli.faults;

import java.net.InetSocketAddress;

/**
 * The way on which one node opens its connections to one peer. Each node has a proxied address of its own for each peer: that is how the
 * proxy knows who connects.
 *
 * @param proxied where {@code from} believes {@code to} to be
 * @param target where {@code to} listens
 */
public record Link(int from, int to, InetSocketAddress proxied, InetSocketAddress target) {
    public Direction direction() {
        return new Direction(from, to);
    }
}
