package dev.quorate.core.topology;

import dev.quorate.core.model.Check;
import java.nio.charset.StandardCharsets;

/**
 * A node that wants to join, as it describes itself.
 *
 * @param uuid of its data directory
 * @param clientAddress host and port where clients will reach it; the other addresses likewise
 * @throws IllegalArgumentException for values that the ring cannot carry: texts are not empty, except addresses, and of at most {@link
 *     #MAX_TEXT_BYTES}
 */
public record Newcomer(
        String uuid,
        double weight,
        String datacenter,
        String rack,
        String host,
        String clientAddress,
        String peerAddress,
        String adminAddress) {
    /** Of a label, an address or a uuid. Every node keeps those of all, for ever. */
    public static final int MAX_TEXT_BYTES = 255;

    public Newcomer {
        Check.argument(isWeight(weight), "weight %s is not a positive number", weight);
        Check.argument(isLabel(uuid), "'%s' names no data directory", uuid);
        Check.argument(
                isLabel(datacenter) && isLabel(rack) && isLabel(host),
                "'%s', '%s', '%s' are no labels of datacenter, rack and host",
                datacenter,
                rack,
                host);
        Check.argument(
                fits(clientAddress) && fits(peerAddress) && fits(adminAddress),
                "'%s', '%s', '%s' are no addresses",
                clientAddress,
                peerAddress,
                adminAddress);
    }

    static boolean isWeight(double weight) {
        return Double.isFinite(weight) && weight > 0;
    }

    static boolean isLabel(String text) {
        return !text.isEmpty() && fits(text);
    }

    /** Also not, if it is not the same after a journey: half a character has no encoding. */
    private static boolean fits(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return bytes.length <= MAX_TEXT_BYTES && new String(bytes, StandardCharsets.UTF_8).equals(text);
    }
}
