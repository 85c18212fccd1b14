package dev.quorate.sdk;

import com.google.protobuf.ByteString;
import java.util.Base64;

/**
 * What a writer has seen of one key: opaque, handed out by answers and handed back with the next write of the same key, which then
 * supersedes exactly that. Programs rarely touch it; a {@link Versioned} carries it.
 */
public final class Context {
    /** Has seen nothing: a write with it leaves the choice to the bucket's policy for writes without a context. */
    public static final Context EMPTY = new Context(ByteString.EMPTY);

    private final ByteString bytes;

    private Context(ByteString bytes) {
        this.bytes = bytes;
    }

    /** A context that left the program, for example in a web form. */
    public static Context of(byte[] bytes) {
        return of(ByteString.copyFrom(bytes));
    }

    static Context of(ByteString bytes) {
        return bytes.isEmpty() ? EMPTY : new Context(bytes);
    }

    public byte[] toBytes() {
        return bytes.toByteArray();
    }

    public boolean isEmpty() {
        return bytes.isEmpty();
    }

    ByteString raw() {
        return bytes;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Context context && bytes.equals(context.bytes);
    }

    @Override
    public int hashCode() {
        return bytes.hashCode();
    }

    /** Base64url, as kvctl prints and takes it. */
    @Override
    public String toString() {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes.toByteArray());
    }
}
