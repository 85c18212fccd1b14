package dev.quorate.core.version;

import dev.quorate.core.model.Bytes;
import java.util.Arrays;

/**
 * Reads a range of an array and refuses whatever a writer of ours would not have written: one value has one encoding, so equal
 * bytes and equal values are the same thing.
 */
final class StrictReader {
    private final byte[] array;
    private final int start;
    private final int endExclusive;
    private int position;

    StrictReader(byte[] array, int start, int endExclusive) {
        this.array = array;
        this.start = start;
        this.endExclusive = endExclusive;
        this.position = start;
    }

    int position() {
        return position;
    }

    int remaining() {
        return endExclusive - position;
    }

    /** Over bytes that the caller knows to be there. */
    void skip(int length) {
        position += length;
    }

    MalformedException malformed(String why) {
        return new MalformedException(why, position - start);
    }

    int unsignedByte() {
        if (position == endExclusive) {
            throw malformed("cut short");
        }
        return array[position++] & 0xff;
    }

    /** An unsigned 64-bit number in at most ten bytes of seven bits, low bits first. */
    long varint() {
        int first = unsignedByte();
        if (first < 0x80) {
            return first;
        }
        long value = first & 0x7f;
        for (int shift = 7; ; shift += 7) {
            int next = unsignedByte();
            if (shift == 63 && next > 1) {
                throw malformed("a number beyond 64 bits");
            }
            value |= (long) (next & 0x7f) << shift;
            if (next < 0x80) {
                if (next == 0) {
                    throw malformed("an overlong number");
                }
                return value;
            }
        }
    }

    /** A varint that must lie between the bounds, both included, neither negative. */
    long varintBetween(long lowest, long highest, String what) {
        long value = varint();
        if (value < lowest || value > highest) {
            throw malformed(what + " " + Long.toUnsignedString(value) + " is not within " + lowest + ".." + highest);
        }
        return value;
    }

    /** Eight bytes, big-endian. */
    long fixed64() {
        if (remaining() < Long.BYTES) {
            throw malformed("cut short");
        }
        long value = Wire.fixed64At(array, position);
        position += Long.BYTES;
        return value;
    }

    /** Four bytes, big-endian. */
    int fixed32() {
        if (remaining() < Integer.BYTES) {
            throw malformed("cut short");
        }
        int value = Wire.fixed32At(array, position);
        position += Integer.BYTES;
        return value;
    }

    Bytes bytes(int length) {
        if (remaining() < length) {
            throw malformed("cut short: " + length + " bytes announced, " + remaining() + " left");
        }
        Bytes copy = Bytes.owning(Arrays.copyOfRange(array, position, position + length));
        position += length;
        return copy;
    }

    void end() {
        if (position != endExclusive) {
            throw malformed(remaining() + " bytes too many");
        }
    }
}
