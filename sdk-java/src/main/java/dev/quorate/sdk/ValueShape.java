package dev.quorate.sdk;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** How a bucket's bytes become values. */
record ValueShape<T>(
        String bucket, Codec<T> codec, @Nullable Resolver<T> resolver) {
    byte[] encode(T value) {
        try {
            return codec.encode(value);
        } catch (RuntimeException failure) {
            throw QuorateException.codecFailed("encode", failure);
        }
    }

    T decode(byte[] bytes) {
        try {
            return codec.decode(bytes);
        } catch (RuntimeException failure) {
            throw QuorateException.codecFailed("decode", failure);
        }
    }

    T resolve(Resolver<T> chosen, List<T> values) {
        try {
            return chosen.resolve(values);
        } catch (RuntimeException failure) {
            throw QuorateException.codecFailed("resolve " + values.size() + " siblings into", failure);
        }
    }
}
