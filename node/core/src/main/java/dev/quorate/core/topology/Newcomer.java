package dev.quorate.core.topology;

/**
 * A node that wants to join, as it describes itself.
 *
 * @param uuid of its data directory; never empty
 * @param clientAddress host and port where clients will reach it; the other addresses likewise
 */
public record Newcomer(
        String uuid,
        double weight,
        String datacenter,
        String rack,
        String host,
        String clientAddress,
        String peerAddress,
        String adminAddress) {}
