package dev.quorate.core.ring;

import dev.quorate.core.model.Bytes;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Refuses with {@link IllegalArgumentException} what {@link ByteWriter} does not write, so that one value has one encoding. */
final class ByteReader {
    private final byte[] bytes;
    private int position;

    ByteReader(Bytes bytes) {
        this.bytes = bytes.unsafeArray();
    }

    int left() {
        return bytes.length - position;
    }

    long varint() {
        long value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            int next = bytes[need(1)];
            if (shift == 63 && (next & 0xfe) != 0) {
                break;
            }
            value |= (long) (next & 0x7f) << shift;
            if (next >= 0) {
                if (next == 0 && shift > 0) {
                    throw malformed("an overlong number");
                }
                return value;
            }
        }
        throw malformed("a number beyond 64 bits");
    }

    /** Both bounds included, neither negative. */
    long between(long lowest, long highest, String what) {
        long value = varint();
        if (value < lowest || value > highest) {
            throw malformed(what + " " + Long.toUnsignedString(value) + " is not within " + lowest + ".." + highest);
        }
        return value;
    }

    int intBetween(int lowest, int highest, String what) {
        return (int) between(lowest, highest, what);
    }

    /** How many follow, of which each takes at least one byte. */
    int count(int most, String what) {
        int count = intBetween(0, most, what);
        if (count > left()) {
            throw malformed(count + " " + what + " in " + left() + " bytes");
        }
        return count;
    }

    long fixed64() {
        return ByteBuffer.wrap(bytes, need(Long.BYTES), Long.BYTES).getLong();
    }

    String text(int longest, String what) {
        int length = intBetween(0, longest, what);
        ByteBuffer encoded = ByteBuffer.wrap(bytes, need(length), length);
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(encoded).toString();
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException(what + " is not UTF-8", e);
        }
    }

    void end() {
        if (left() != 0) {
            throw malformed(left() + " bytes too many");
        }
    }

    IllegalArgumentException malformed(String why) {
        return new IllegalArgumentException(why + " at byte " + position);
    }

    private int need(int length) {
        if (left() < length) {
            throw malformed("cut short");
        }
        int start = position;
        position += length;
        return start;
    }
}
