package dev.quorate.core.ring;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;

/**
 * Places keys on the ring: SipHash-2-4-128 under the cluster's seed, over the bucket id (four bytes, big-endian) and the
 * key. Immutable and safe to share. Clients in other languages compute the same; docs/clients.md holds their vectors.
 */
public final class KeyHasher {
    private final SipHash sipHash;

    public KeyHasher(Bytes seed16) {
        this.sipHash = new SipHash(seed16);
    }

    public KeyHash hash(Key key) {
        long bucketId = Integer.reverseBytes(key.bucketId()) & 0xffff_ffffL;
        return sipHash.hash(bucketId, Integer.BYTES, key.bytes().unsafeArray());
    }
}
