package dev.quorate.core.version;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** The number formats of records, peer messages and tokens. Writers return the position behind what they wrote. */
final class Wire {
    private static final VarHandle BIG_ENDIAN_LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle BIG_ENDIAN_INT =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);

    private Wire() {}

    /** Bytes that {@link #varint} takes for the value, read as unsigned. */
    static int varintSize(long value) {
        return (70 - Long.numberOfLeadingZeros(value | 1)) / 7;
    }

    static int varint(byte[] target, int position, long value) {
        while ((value & ~0x7fL) != 0) {
            target[position++] = (byte) (value | 0x80);
            value >>>= 7;
        }
        target[position] = (byte) value;
        return position + 1;
    }

    static int fixed64(byte[] target, int position, long value) {
        BIG_ENDIAN_LONG.set(target, position, value);
        return position + Long.BYTES;
    }

    static long fixed64At(byte[] source, int position) {
        return (long) BIG_ENDIAN_LONG.get(source, position);
    }

    static int fixed32(byte[] target, int position, int value) {
        BIG_ENDIAN_INT.set(target, position, value);
        return position + Integer.BYTES;
    }

    static int fixed32At(byte[] source, int position) {
        return (int) BIG_ENDIAN_INT.get(source, position);
    }
}
