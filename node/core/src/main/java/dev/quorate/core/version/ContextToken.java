package dev.quorate.core.version;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Check;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import java.security.GeneralSecurityException;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Causal contexts as clients carry them. A context decides what a write removes, so one that was made up, or taken from another
 * key, could remove writes that nobody has seen: tokens are signed with a key that all nodes of the cluster share, and hold for
 * one key only.
 *
 * <pre>u8 version = 1 | 12 bytes of HMAC-SHA-256 | varint bucket | u32 start of the key's hash | context</pre>
 *
 * <p>The signature covers version, bucket, the whole hash and the context. Bucket and hash are also in the token so that a mix-up
 * of keys, the usual mistake, gets its own answer. Confined to one event loop: it reuses its buffers and its digest.
 */
public final class ContextToken {
    /** Longest token that is looked at. */
    public static final int MAX_LENGTH = 8192;

    private static final byte VERSION = 1;
    private static final int SIGNATURE = 12;
    private static final int HEADER = 1 + SIGNATURE;
    private static final String ALGORITHM = "HmacSHA256";

    private final Mac mac;
    private final byte[] digest;
    private final byte[] signedHead = new byte[1 + Integer.BYTES + KeyHash.LENGTH];

    /** @param clusterKey shared by all nodes, at least 16 bytes */
    public ContextToken(Bytes clusterKey) {
        Check.argument(clusterKey.length() >= 16, "a cluster key of %s bytes is too short", clusterKey.length());
        try {
            mac = Mac.getInstance(ALGORITHM);
            mac.init(new SecretKeySpec(clusterKey.toByteArray(), ALGORITHM));
        } catch (GeneralSecurityException absent) {
            throw new IllegalStateException("this Java lacks " + ALGORITHM + ", which every Java must have", absent);
        }
        digest = new byte[mac.getMacLength()];
    }

    /** The token that a client sends back with its next write of the key. */
    public Bytes seal(Key key, KeyHash hash, CausalContext context) {
        int bodyAt = HEADER + Wire.varintSize(key.bucketId()) + Integer.BYTES;
        byte[] token = new byte[bodyAt + context.encodedSize()];
        token[0] = VERSION;
        int position = Wire.varint(token, HEADER, key.bucketId());
        Wire.fixed32(token, position, start(hash));
        context.writeTo(token, bodyAt);
        sign(key, hash, token, bodyAt);
        System.arraycopy(digest, 0, token, 1, SIGNATURE);
        return Bytes.owning(token);
    }

    /** @throws InvalidContextException unless {@link #seal} made the token for this key with the same cluster key */
    public CausalContext open(Key key, KeyHash hash, Bytes token) {
        byte[] array = token.unsafeArray();
        if (array.length > MAX_LENGTH) {
            throw new InvalidContextException(
                    InvalidContextException.Reason.TOO_LARGE,
                    "a context of " + array.length + " bytes; the longest is " + MAX_LENGTH);
        }
        if (array.length == 0) {
            throw malformed("it is empty");
        }
        if (array[0] != VERSION) {
            throw new InvalidContextException(
                    InvalidContextException.Reason.OTHER_VERSION,
                    "a context of version " + (array[0] & 0xff) + "; this node reads version " + VERSION);
        }
        if (array.length < HEADER) {
            throw malformed("it is cut short");
        }
        try {
            StrictReader reader = new StrictReader(array, 0, array.length);
            reader.skip(HEADER);
            long bucket = reader.varint();
            int hashStart = reader.fixed32();
            if (bucket != key.bucketId() || hashStart != start(hash)) {
                throw new InvalidContextException(
                        InvalidContextException.Reason.OTHER_KEY,
                        "the context belongs to another key or bucket than " + key);
            }
            sign(key, hash, array, reader.position());
            if (!signatureFits(array)) {
                throw new InvalidContextException(
                        InvalidContextException.Reason.BAD_SIGNATURE,
                        "the context was not made by this cluster, or was changed on the way");
            }
            CausalContext context = CausalContext.read(reader);
            reader.end();
            return context;
        } catch (MalformedException unreadable) {
            InvalidContextException invalid = malformed(String.valueOf(unreadable.getMessage()));
            invalid.initCause(unreadable);
            throw invalid;
        }
    }

    /** Into {@link #digest}. */
    private void sign(Key key, KeyHash hash, byte[] token, int bodyAt) {
        signedHead[0] = VERSION;
        int position = Wire.fixed32(signedHead, 1, key.bucketId());
        position = Wire.fixed64(signedHead, position, hash.high());
        Wire.fixed64(signedHead, position, hash.low());
        mac.update(signedHead);
        mac.update(token, bodyAt, token.length - bodyAt);
        try {
            mac.doFinal(digest, 0);
        } catch (GeneralSecurityException tooSmall) {
            throw new IllegalStateException("the digest no longer fits its own length", tooSmall);
        }
    }

    /** Takes the same time wherever the difference is, so that a forger learns nothing from timing. */
    private boolean signatureFits(byte[] token) {
        int difference = 0;
        for (int i = 0; i < SIGNATURE; i++) {
            difference |= digest[i] ^ token[1 + i];
        }
        return difference == 0;
    }

    private static int start(KeyHash hash) {
        return (int) (hash.high() >>> 32);
    }

    private static InvalidContextException malformed(String why) {
        return new InvalidContextException(InvalidContextException.Reason.MALFORMED, "not a context: " + why);
    }
}
