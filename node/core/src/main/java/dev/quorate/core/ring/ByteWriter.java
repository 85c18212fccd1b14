package dev.quorate.core.ring;

import dev.quorate.core.model.Bytes;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Grows as it is written to. */
final class ByteWriter {
    private byte[] buffer;
    private int length;

    ByteWriter(int capacity) {
        buffer = new byte[capacity];
    }

    void varint(long value) {
        reserve(10);
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            buffer[length++] = (byte) (rest & 0x7f | 0x80);
            rest >>>= 7;
        }
        buffer[length++] = (byte) rest;
    }

    void fixed64(long value) {
        reserve(Long.BYTES);
        for (int shift = 56; shift >= 0; shift -= 8) {
            buffer[length++] = (byte) (value >>> shift);
        }
    }

    void text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        varint(bytes.length);
        reserve(bytes.length);
        System.arraycopy(bytes, 0, buffer, length, bytes.length);
        length += bytes.length;
    }

    Bytes bytes() {
        return Bytes.owning(Arrays.copyOf(buffer, length));
    }

    private void reserve(int more) {
        if (length + more > buffer.length) {
            buffer = Arrays.copyOf(buffer, Math.max(buffer.length * 2, length + more));
        }
    }
}
