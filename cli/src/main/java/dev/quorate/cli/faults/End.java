package dev.quorate.cli.faults;

import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;

/** The proxy's socket towards one of the two nodes of a connection. */
final class End {
    private final SocketChannel channel;
    private final SelectionKey key;

    End(SocketChannel channel, Selector selector, Relay relay) throws IOException {
        this.channel = channel;
        channel.configureBlocking(false);
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        this.key = channel.register(selector, 0, relay);
    }

    SocketChannel channel() {
        return channel;
    }

    boolean open() {
        return channel.isOpen();
    }

    boolean ready(int operation) {
        return key.isValid() && (key.readyOps() & operation) != 0;
    }

    void want(int operation, boolean wanted) {
        if (key.isValid()) {
            int interest = key.interestOps();
            key.interestOps(wanted ? interest | operation : interest & ~operation);
        }
    }

    /** In good order: the node reads to the end what was sent to it. */
    void close() throws IOException {
        channel.close();
    }

    /** As a crash or a firewall would: the node is told that the connection is broken. */
    void reset() throws IOException {
        if (channel.isOpen()) {
            channel.setOption(StandardSocketOptions.SO_LINGER, 0);
            channel.close();
        }
    }
}
