package dev.quorate.sdk;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * Turns values into stored bytes and back. Must be thread-safe; may throw anything, which surfaces as
 * {@link QuorateException.Reason#CODEC_FAILED} where the value is used. Libraries plug in by {@link #of}: for Jackson
 * {@code Codec.of(mapper::writeValueAsBytes, bytes -> mapper.readValue(bytes, Cart.class))} with the checked exceptions wrapped, for
 * protobuf {@code Codec.of(Cart::toByteArray, Cart.parser()::parseFrom)}.
 */
public interface Codec<T> {
    /** A fresh array, which the client keeps. */
    byte[] encode(T value);

    /** The value of bytes that {@link #encode} made, perhaps in an older version of the program. */
    T decode(byte[] bytes);

    /** The bytes as they are. */
    static Codec<byte[]> bytes() {
        return of(byte[]::clone, bytes -> bytes);
    }

    /** Text; bytes that are not UTF-8 are an error rather than question marks. */
    static Codec<String> utf8() {
        return of(text -> text.getBytes(StandardCharsets.UTF_8), Codec::strictUtf8);
    }

    /** A codec of two functions. */
    static <T> Codec<T> of(Encoder<? super T> encoder, Decoder<? extends T> decoder) {
        return new Codec<>() {
            @Override
            public byte[] encode(T value) {
                try {
                    return encoder.encode(value);
                } catch (Exception failure) {
                    throw QuorateException.codecFailed("encode", failure);
                }
            }

            @Override
            public T decode(byte[] bytes) {
                try {
                    return decoder.decode(bytes);
                } catch (Exception failure) {
                    throw QuorateException.codecFailed("decode", failure);
                }
            }
        };
    }

    /** One half of {@link #of}. */
    @FunctionalInterface
    interface Encoder<T> {
        byte[] encode(T value) throws Exception;
    }

    /** The other half of {@link #of}. */
    @FunctionalInterface
    interface Decoder<T> {
        T decode(byte[] bytes) throws Exception;
    }

    private static String strictUtf8(byte[] bytes) throws CharacterCodingException {
        return StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(bytes))
                .toString();
    }
}
