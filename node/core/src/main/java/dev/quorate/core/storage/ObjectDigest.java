package dev.quorate.core.storage;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.ring.SipHash;
import dev.quorate.core.version.Actor;
import dev.quorate.core.version.Sibling;
import dev.quorate.core.version.VersionedObject;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * What stands for a record in the hash tree: SipHash-64 of the key's hash and, per sibling, its dot, kind and the checksum of its value. The
 * checksum is in it because one dot with two values must not hide (rules.md A14); contexts are not, because replicas with equal siblings may
 * have come by them in different ways. Confined to the event loop.
 */
public class ObjectDigest {
    private static final int SIBLING_LENGTH =
            Integer.BYTES + Integer.BYTES + Long.BYTES + Long.BYTES + 1 + Integer.BYTES;

    private final SipHash hash;
    private final CRC32C crc = new CRC32C();

    /** @param seed the cluster's hash seed: peers must compute the same */
    public ObjectDigest(Bytes seed) {
        this.hash = new SipHash(seed);
    }

    public long of(KeyHash key, VersionedObject object) {
        List<Sibling> siblings = inOrder(object);
        ByteBuffer bytes = ByteBuffer.allocate(KeyHash.LENGTH + siblings.size() * SIBLING_LENGTH);
        bytes.putLong(key.high()).putLong(key.low());
        for (int i = 0; i < siblings.size(); i++) {
            Sibling sibling = siblings.get(i);
            Actor actor = sibling.dot().actor();
            byte[] value = sibling.value().unsafeArray();
            crc.reset();
            crc.update(value, 0, value.length);
            bytes.putInt(actor.cluster())
                    .putInt(actor.node())
                    .putLong(actor.boot())
                    .putLong(sibling.dot().sequence())
                    .put((byte) sibling.kind().ordinal())
                    .putInt((int) crc.getValue());
        }
        return hash.hash(bytes.array()).high();
    }

    /** Siblings in an order that depends on nothing but them. */
    protected List<Sibling> inOrder(VersionedObject object) {
        return object.siblings();
    }
}
