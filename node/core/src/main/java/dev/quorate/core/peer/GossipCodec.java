package dev.quorate.core.peer;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.NodeId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Gossip as bytes, small because all of it goes round once a second: numbers are varints, nodes are gaps, and of two times of one life
 * the second is told by its distance. About eight bytes a member. Decoders throw {@link IllegalArgumentException} for what no node of
 * this version sends.
 */
public final class GossipCodec {
    /** A ring of more members than this has other worries. */
    static final int MAX_MEMBERS = 65_536;

    private GossipCodec() {}

    public static Bytes encode(GossipDigest digest) {
        Writer out = new Writer(16 + digest.size() * 8);
        out.varint(digest.size());
        int before = 0;
        for (int i = 0; i < digest.size(); i++) {
            out.varint(digest.node(i) - before);
            before = digest.node(i);
            out.heartbeat(digest.heartbeat(i));
            out.distance(digest.heartbeat(i), digest.since(i));
        }
        return out.bytes();
    }

    public static GossipDigest digest(Bytes bytes) {
        Reader in = new Reader(bytes);
        int size = in.upTo(MAX_MEMBERS, "members");
        if (size > in.left()) {
            throw new IllegalArgumentException(size + " members in " + bytes.length() + " bytes");
        }
        int[] nodes = new int[size];
        long[] heartbeats = new long[size];
        long[] since = new long[size];
        int before = 0;
        for (int i = 0; i < size; i++) {
            nodes[i] = in.node(before);
            before = nodes[i];
            heartbeats[i] = in.heartbeat();
            since[i] = in.distance(heartbeats[i]);
        }
        in.end();
        return new GossipDigest(nodes, heartbeats, since);
    }

    public static Bytes encode(GossipNews news) {
        Writer out = new Writer(16 + news.items().size() * 12);
        out.varint(news.items().size());
        int before = 0;
        for (GossipNews.Item item : news.items()) {
            out.varint(item.node() - before);
            before = item.node();
            out.heartbeat(item.heartbeat());
            Announcement announcement = item.announcement();
            if (announcement == null) {
                out.varint(0);
                continue;
            }
            out.varint(1 + announcement.status().ordinal());
            out.distance(item.heartbeat(), announcement.since());
            out.varint(announcement.boot());
            out.varint(announcement.ring());
            out.varint(announcement.load());
            out.varint(announcement.accusations().size());
            int accusedBefore = 0;
            for (Accusation accusation : announcement.accusations()) {
                int accused = accusation.accused().number();
                out.varint(accused - accusedBefore);
                accusedBefore = accused;
                out.heartbeat(accusation.heartbeat());
            }
        }
        return out.bytes();
    }

    public static GossipNews news(Bytes bytes) {
        Reader in = new Reader(bytes);
        int size = in.upTo(MAX_MEMBERS, "items");
        List<GossipNews.Item> items = new ArrayList<>(Math.min(size, in.left()));
        int before = 0;
        for (int i = 0; i < size; i++) {
            int node = in.node(before);
            before = node;
            long heartbeat = in.heartbeat();
            items.add(new GossipNews.Item(node, heartbeat, announcement(in, heartbeat)));
        }
        in.end();
        return new GossipNews(items);
    }

    private static @Nullable Announcement announcement(Reader in, long heartbeat) {
        int kind = in.upTo(Announcement.Status.values().length, "status");
        if (kind == 0) {
            return null;
        }
        long since = in.distance(heartbeat);
        long boot = in.varint();
        long ring = in.varint();
        int load = in.upTo(100, "load");
        int count = in.upTo(Announcement.MAX_ACCUSATIONS, "accusations");
        List<Accusation> accusations = new ArrayList<>(count);
        int before = 0;
        for (int i = 0; i < count; i++) {
            before = in.node(before);
            accusations.add(new Accusation(new NodeId(before), in.heartbeat()));
        }
        return new Announcement(since, boot, Announcement.Status.values()[kind - 1], ring, load, accusations);
    }

    private static final class Writer {
        private byte[] buffer;
        private int length;

        Writer(int capacity) {
            buffer = new byte[capacity];
        }

        void varint(long value) {
            if (length + 10 > buffer.length) {
                buffer = Arrays.copyOf(buffer, buffer.length * 2 + 16);
            }
            long rest = value;
            while ((rest & ~0x7fL) != 0) {
                buffer[length++] = (byte) (rest & 0x7f | 0x80);
                rest >>>= 7;
            }
            buffer[length++] = (byte) rest;
        }

        void heartbeat(long heartbeat) {
            varint(Heartbeat.startNo(heartbeat));
            varint(Heartbeat.version(heartbeat));
        }

        /** An earlier time of the same life. */
        void distance(long heartbeat, long earlier) {
            varint(heartbeat - earlier);
        }

        Bytes bytes() {
            return Bytes.owning(Arrays.copyOf(buffer, length));
        }
    }

    private static final class Reader {
        private final Bytes bytes;
        private int position;

        Reader(Bytes bytes) {
            this.bytes = bytes;
        }

        int left() {
            return bytes.length() - position;
        }

        long varint() {
            long value = 0;
            for (int shift = 0; shift < 64; shift += 7) {
                if (position == bytes.length()) {
                    throw new IllegalArgumentException("gossip is cut short at byte " + position);
                }
                int next = bytes.at(position++);
                value |= (long) (next & 0x7f) << shift;
                if (next >= 0) {
                    return value;
                }
            }
            throw new IllegalArgumentException("a number beyond 64 bits at byte " + position);
        }

        int upTo(int most, String what) {
            long value = varint();
            if (value < 0 || value > most) {
                throw new IllegalArgumentException(
                        Long.toUnsignedString(value) + " " + what + ", and the most is " + most);
            }
            return (int) value;
        }

        int node(int before) {
            long node = before + (long) upTo(Integer.MAX_VALUE, "nodes between");
            if (node <= before || node > Integer.MAX_VALUE) {
                throw new IllegalArgumentException("node " + node + " after node " + before);
            }
            return (int) node;
        }

        long heartbeat() {
            long startNo = varint();
            long version = varint();
            return Heartbeat.of(startNo, version);
        }

        long distance(long heartbeat) {
            long distance = varint();
            if (distance < 0 || distance > heartbeat) {
                throw new IllegalArgumentException("said " + distance + " before " + Heartbeat.text(heartbeat));
            }
            return heartbeat - distance;
        }

        void end() {
            if (left() != 0) {
                throw new IllegalArgumentException(left() + " bytes too many");
            }
        }
    }
}
