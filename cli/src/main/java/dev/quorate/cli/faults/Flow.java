package dev.quorate.cli.faults;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.util.ArrayDeque;

/**
 * One half of a connection: what one end sends, on its way to the other. It holds at most {@link #MOST_HELD_BYTES}; above that, and while
 * its direction is cut, it takes nothing from the sender, whose own buffers fill up as they would on a real network. Confined to the
 * proxy's thread.
 */
final class Flow {
    static final int MOST_HELD_BYTES = 1 << 20;

    /** There is nothing to wait for but the sockets. */
    static final long NO_TIME = Long.MAX_VALUE;

    /** How a connection ends also takes the way of its bytes, and its time. */
    private enum Last {
        NOT_YET,
        CLOSED,
        RESET,
        DELIVERED
    }

    /** Bytes that were sent at one moment. */
    private record Parcel(ByteBuffer bytes, long dueNanos) {}

    private final Way way;
    private final End source;
    private final End sink;
    private final ArrayDeque<Parcel> held = new ArrayDeque<>();
    private int heldBytes;
    private Last last = Last.NOT_YET;
    private long lastDueNanos;

    Flow(Way way, End source, End sink) {
        this.way = way;
        this.source = source;
        this.sink = sink;
    }

    /** Nothing more will come out. */
    boolean over() {
        return last == Last.DELIVERED;
    }

    /**
     * Takes what the sender has sent.
     *
     * @throws IOException when the sender's end is broken
     */
    void receive(ByteBuffer buffer, long nowNanos) throws IOException {
        if (source.channel().read(buffer.clear()) < 0) {
            end(Last.CLOSED, nowNanos);
        } else {
            hold(buffer.flip(), nowNanos);
        }
    }

    /** Copies the bytes. */
    void hold(ByteBuffer bytes, long nowNanos) {
        if (bytes.hasRemaining()) {
            ByteBuffer copy = ByteBuffer.allocate(bytes.remaining()).put(bytes).flip();
            heldBytes += copy.remaining();
            held.add(new Parcel(copy, nowNanos + way.delayNanos()));
        }
    }

    /** What the sender had not got rid of is lost with it; that it is gone, the receiver learns in time. */
    void sourceBroke(long nowNanos) {
        held.clear();
        heldBytes = 0;
        end(Last.RESET, nowNanos);
    }

    /** Nobody is left to send to. */
    void sinkBroke() {
        held.clear();
        heldBytes = 0;
        last = Last.DELIVERED;
        source.want(SelectionKey.OP_READ, false);
    }

    private void end(Last how, long nowNanos) {
        if (last == Last.NOT_YET) {
            last = how;
            lastDueNanos = nowNanos + way.delayNanos();
        }
    }

    /**
     * Passes on what is due and says what it waits for next.
     *
     * @return when to call again without being asked by a socket, or {@link #NO_TIME}
     * @throws IOException when the receiver's end is broken
     */
    long forward(long nowNanos) throws IOException {
        long again = deliver(nowNanos);
        source.want(
                SelectionKey.OP_READ,
                last == Last.NOT_YET && !way.cut() && heldBytes < MOST_HELD_BYTES && source.open());
        return again;
    }

    private long deliver(long nowNanos) throws IOException {
        sink.want(SelectionKey.OP_WRITE, false);
        if (way.cut() || last == Last.DELIVERED) {
            return NO_TIME;
        }
        while (!held.isEmpty()) {
            Parcel next = held.element();
            if (next.dueNanos() > nowNanos) {
                return next.dueNanos();
            }
            int allowed = way.allowance(nowNanos);
            if (allowed < 1) {
                return way.allowedAtNanos(nowNanos);
            }
            ByteBuffer bytes = next.bytes();
            ByteBuffer piece = bytes.slice(bytes.position(), Math.min(bytes.remaining(), allowed));
            int written = sink.channel().write(piece);
            bytes.position(bytes.position() + written);
            heldBytes -= written;
            way.forwarded(written);
            if (!bytes.hasRemaining()) {
                held.remove();
            }
            if (piece.hasRemaining()) {
                sink.want(SelectionKey.OP_WRITE, true);
                return NO_TIME;
            }
        }
        if (last == Last.NOT_YET) {
            return NO_TIME;
        }
        if (lastDueNanos > nowNanos) {
            return lastDueNanos;
        }
        if (last == Last.RESET) {
            sink.reset();
        } else {
            sink.channel().shutdownOutput();
        }
        last = Last.DELIVERED;
        return NO_TIME;
    }
}
