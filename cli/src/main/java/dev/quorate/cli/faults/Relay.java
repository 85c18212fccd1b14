package dev.quorate.cli.faults;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;

/**
 * One connection from a node to a peer. It takes a handshake, so while either direction is cut a new one goes nowhere: the node that dials
 * sees it accepted, by the proxy's kernel, and hears nothing. Confined to the proxy's thread.
 */
final class Relay {
    private final Link link;
    private final Way forthWay;
    private final Way backWay;
    private final Selector selector;
    private final End dialler;
    private @Nullable Dialled dialled;
    private boolean over;

    /** What there is once the peer was dialled. */
    private record Dialled(End listener, Flow forth, Flow back) {}

    Relay(Link link, Way forthWay, Way backWay, Selector selector, SocketChannel accepted) throws IOException {
        this.link = link;
        this.forthWay = forthWay;
        this.backWay = backWay;
        this.selector = selector;
        this.dialler = new End(accepted, selector, this);
    }

    Link link() {
        return link;
    }

    boolean over() {
        return over;
    }

    /**
     * Does all that can be done now.
     *
     * @return when to call again without being asked by a socket, or {@link Flow#NO_TIME}
     */
    long advance(ByteBuffer buffer, long nowNanos) throws IOException {
        if (over) {
            return Flow.NO_TIME;
        }
        Dialled open = dialled == null ? dial(buffer, nowNanos) : dialled;
        if (open == null || !connected(open)) {
            return Flow.NO_TIME;
        }
        receive(dialler, open.forth(), open.back(), buffer, nowNanos);
        receive(open.listener(), open.back(), open.forth(), buffer, nowNanos);
        // Twice: what breaks while one half is forwarded is for the other to tell.
        forward(open.forth(), open.listener(), open.back(), nowNanos);
        long back = forward(open.back(), dialler, open.forth(), nowNanos);
        long forth = forward(open.forth(), open.listener(), open.back(), nowNanos);
        if (open.forth().over() && open.back().over()) {
            over = true;
            dialler.close();
            open.listener().close();
        }
        return Math.min(forth, back);
    }

    private @Nullable Dialled dial(ByteBuffer buffer, long nowNanos) throws IOException {
        if (forthWay.cut() || backWay.cut()) {
            return null;
        }
        SocketChannel channel = SocketChannel.open();
        End listener = new End(channel, selector, this);
        Dialled dialling =
                new Dialled(listener, new Flow(forthWay, dialler, listener), new Flow(backWay, listener, dialler));
        if (!diallerStillThere(dialling.forth(), buffer, nowNanos)) {
            reset(listener);
            return null;
        }
        dialled = dialling;
        listener.want(SelectionKey.OP_CONNECT, true);
        try {
            channel.connect(link.target());
        } catch (IOException refused) {
            reset(listener);
        }
        return dialling;
    }

    /** Who waited through a cut has often given up meanwhile; the peer need not hear of that. */
    private boolean diallerStillThere(Flow forth, ByteBuffer buffer, long nowNanos) {
        try {
            int read = dialler.channel().read(buffer.clear());
            forth.hold(buffer.flip(), nowNanos);
            return read >= 0;
        } catch (IOException gone) {
            return false;
        }
    }

    private boolean connected(Dialled open) throws IOException {
        SocketChannel channel = open.listener().channel();
        if (over || channel.isConnected()) {
            return !over;
        }
        try {
            if (!channel.finishConnect()) {
                return false;
            }
        } catch (IOException refused) {
            reset(open.listener());
            return false;
        }
        open.listener().want(SelectionKey.OP_CONNECT, false);
        return true;
    }

    private static void receive(End end, Flow from, Flow to, ByteBuffer buffer, long nowNanos) throws IOException {
        if (!end.ready(SelectionKey.OP_READ)) {
            return;
        }
        try {
            from.receive(buffer, nowNanos);
        } catch (IOException broken) {
            broke(end, from, to, nowNanos);
        }
    }

    private static long forward(Flow flow, End sink, Flow opposite, long nowNanos) throws IOException {
        try {
            return flow.forward(nowNanos);
        } catch (IOException broken) {
            broke(sink, opposite, flow, nowNanos);
            return Flow.NO_TIME;
        }
    }

    /** @param from what that end sent, and {@code to} what was sent to it */
    private static void broke(End end, Flow from, Flow to, long nowNanos) throws IOException {
        end.close();
        to.sinkBroke();
        from.sourceBroke(nowNanos);
    }

    /** Breaks it for both nodes at once. */
    void reset() throws IOException {
        if (dialled != null) {
            dialled.listener().reset();
        }
        dialler.reset();
        over = true;
    }

    private void reset(End listener) throws IOException {
        listener.close();
        dialler.reset();
        over = true;
    }
}
