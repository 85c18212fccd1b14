package dev.quorate.benchmarks;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.ring.KeyHasher;
import dev.quorate.core.storage.LeafDelta;
import dev.quorate.core.storage.MerkleTree;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.WriteBatch;
import dev.quorate.core.version.Actor;
import dev.quorate.core.version.CausalContext;
import dev.quorate.core.version.Dot;
import dev.quorate.core.version.RecordCodec;
import dev.quorate.core.version.Sibling;
import dev.quorate.core.version.StoredRecord;
import dev.quorate.core.version.VersionedObject;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Made-up inputs of the benchmarks: keys of 16 bytes, written by three actors. The same ones in every JVM. */
public final class Samples {
    public static final int ACTORS = 3;

    private static final long SEED = 20261128;
    private static final int KEY_BYTES = 16;
    private static final int BUCKET = 1;
    /** Dots in an interval, and between the beginnings of two: a context has gaps where writes went to other keys. */
    private static final int INTERVAL = 10;

    private static final int INTERVAL_STEP = 20;
    private static final int SECONDS = 217_000_000;
    private static final long HYBRID_TIME = 1_795_000_000_000L << 16;

    private final SplittableRandom random = new SplittableRandom(SEED);
    private final KeyHasher hasher = new KeyHasher(bytes(16));
    private final RecordCodec codec = new RecordCodec();

    public KeyHasher hasher() {
        return hasher;
    }

    public Key key() {
        return new Key(BUCKET, bytes(KEY_BYTES));
    }

    /** A value of random bytes. */
    public Bytes bytes(int length) {
        byte[] array = new byte[length];
        random.nextBytes(array);
        return Bytes.owning(array);
    }

    /** One of the three, by number from 0. */
    public static Actor actor(int index) {
        return new Actor(0, index + 1, 7L << 32 | 0x5eed_0000L + index);
    }

    /** Intervals that the actors have in turn. */
    public static CausalContext context(int intervals) {
        CausalContext context = CausalContext.EMPTY;
        for (int i = 0; i < intervals; i++) {
            long first = (long) (i / ACTORS) * INTERVAL_STEP + 1;
            context = context.withInterval(actor(i % ACTORS), first, first + INTERVAL - 1, SECONDS + i);
        }
        return context;
    }

    /** Siblings that are the newest writes of the actors in turn. */
    public VersionedObject object(int siblings, int intervals, int valueBytes) {
        CausalContext context = context(intervals);
        List<Sibling> written = new ArrayList<>();
        for (int i = 0; i < siblings; i++) {
            Actor actor = actor(i % ACTORS);
            written.add(new Sibling(
                    new Dot(actor, context.highest(actor) - i / ACTORS),
                    HYBRID_TIME + i,
                    Sibling.Kind.VALUE,
                    bytes(valueBytes)));
        }
        return VersionedObject.of(context, written);
    }

    /** The next write of an actor to what has that context. */
    public static Dot next(CausalContext context, int actor) {
        return new Dot(actor(actor), context.highest(actor(actor)) + 1);
    }

    /** As a replica writes the first value of a key: the record, and what it adds to the hash tree. */
    public WriteBatch batch(int valueBytes) {
        Key key = key();
        KeyHash hash = hasher.hash(key);
        Bytes record = codec.encode(new StoredRecord(key, object(1, ACTORS, valueBytes), null));
        return WriteBatch.put(Table.DATA, hash.toBytes(), record)
                .andAdd(new LeafDelta(MerkleTree.leafOf(hash), random.nextLong(), 1));
    }
}
