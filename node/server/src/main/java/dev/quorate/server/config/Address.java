package dev.quorate.server.config;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;

/** A host and a port, written {@code 127.0.0.1:7400} or {@code [::1]:7400}. Port 0 asks for any free one. */
public record Address(String host, int port) {
    /** @throws IllegalArgumentException with words for a person */
    public static Address parse(String text) {
        int colon = text.lastIndexOf(':');
        String host = colon < 0 ? "" : text.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        } else if (host.contains(":")) {
            throw new IllegalArgumentException("'" + text + "' has more than one colon; write IPv6 as [::1]:7400");
        }
        String port = text.substring(colon + 1);
        if (host.isEmpty() || !port.matches("[0-9]{1,5}") || Integer.parseInt(port) > 65_535) {
            throw new IllegalArgumentException("'" + text + "' is not host:port such as 127.0.0.1:7400");
        }
        return new Address(host, Integer.parseInt(port));
    }

    /** Whether only this machine can reach it. A name that does not resolve counts as not loopback. */
    public boolean isLoopback() {
        try {
            return InetAddress.getByName(host).isLoopbackAddress();
        } catch (UnknownHostException unknown) {
            return false;
        }
    }

    public InetSocketAddress resolve() {
        return new InetSocketAddress(host, port);
    }

    /** For whoever connects by itself, and may not wait for a name to be resolved. */
    public InetSocketAddress unresolved() {
        return InetSocketAddress.createUnresolved(host, port);
    }

    public Address withPort(int actual) {
        return new Address(host, actual);
    }

    @Override
    public String toString() {
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }
}
