package dev.quorate.core.model;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;

/** An immutable byte string. Ordered as unsigned bytes, the order of LMDB and of the ring. */
public final class Bytes implements Comparable<Bytes> {
    public static final Bytes EMPTY = new Bytes(new byte[0]);

    private final byte[] array;
    private int hash;

    private Bytes(byte[] array) {
        this.array = array;
    }

    public static Bytes copyOf(byte[] bytes) {
        return bytes.length == 0 ? EMPTY : new Bytes(bytes.clone());
    }

    /** Copies what remains in the buffer; its position does not move. */
    public static Bytes copyOf(ByteBuffer buffer) {
        byte[] copy = new byte[buffer.remaining()];
        buffer.get(buffer.position(), copy);
        return owning(copy);
    }

    /** Takes the array without a copy: the caller must never write to it again. */
    public static Bytes owning(byte[] bytes) {
        return bytes.length == 0 ? EMPTY : new Bytes(bytes);
    }

    public static Bytes utf8(String text) {
        return owning(text.getBytes(StandardCharsets.UTF_8));
    }

    public int length() {
        return array.length;
    }

    public boolean isEmpty() {
        return array.length == 0;
    }

    public byte at(int index) {
        return array[index];
    }

    public byte[] toByteArray() {
        return array.clone();
    }

    /** The backing array, for encoders on the hot path: read it, never write to it, never keep it beyond the call. */
    public byte[] unsafeArray() {
        return array;
    }

    public void putInto(ByteBuffer target) {
        target.put(array);
    }

    public ByteBuffer asReadOnlyBuffer() {
        return ByteBuffer.wrap(array).asReadOnlyBuffer();
    }

    public String utf8() {
        return new String(array, StandardCharsets.UTF_8);
    }

    public String hex() {
        return HexFormat.of().formatHex(array);
    }

    @Override
    public int compareTo(Bytes other) {
        return Arrays.compareUnsigned(array, other.array);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Bytes bytes && Arrays.equals(array, bytes.array);
    }

    @Override
    public int hashCode() {
        // A racing second computation writes the same value.
        if (hash == 0) {
            hash = Arrays.hashCode(array);
        }
        return hash;
    }

    /** At most 32 bytes, as text when printable: safe for logs. */
    @Override
    public String toString() {
        int shown = Math.min(array.length, 32);
        boolean printable = true;
        for (int i = 0; i < shown; i++) {
            printable &= array[i] >= 0x20 && array[i] < 0x7f;
        }
        String head = printable
                ? new String(array, 0, shown, StandardCharsets.US_ASCII)
                : "0x" + HexFormat.of().formatHex(array, 0, shown);
        return shown == array.length ? head : head + "...(" + array.length + " bytes)";
    }
}
