package dev.quorate.core.version;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Check;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What replicas exchange about a key: the siblings, ascending by dot, and the context of everything they replaced, which covers
 * their own dots too. Immutable. A key that was never written has no object: callers say null.
 *
 * <p>Equal logical states have equal bytes, so objects are compared, hashed and sent as bytes. The bytes are made once and kept,
 * and an object that was decoded still has those it came from: storing or forwarding it unchanged is a copy.
 */
public final class VersionedObject {
    /** Index, sequence, clock, kind and length: bounds what a count in a short message may make us allocate. */
    private static final int SMALLEST_SIBLING = 1 + 1 + Long.BYTES + 1 + 1;

    private static final Sibling.Kind[] KINDS = Sibling.Kind.values();

    private final CausalContext context;
    private final Sibling[] siblings;

    /** The array that this was decoded from, of which one range is the encoding; null if this was computed. */
    private final byte @Nullable [] source;

    private final int sourceStart;
    private final int sourceLength;
    private @Nullable Bytes encoded;

    /** Takes the array, which must ascend by dot. That the context covers each dot is checked when the bytes are made. */
    VersionedObject(CausalContext context, Sibling[] siblings) {
        this(context, siblings, null, 0, 0);
    }

    private VersionedObject(
            CausalContext context, Sibling[] siblings, byte @Nullable [] source, int sourceStart, int sourceLength) {
        this.context = context;
        this.siblings = siblings;
        this.source = source;
        this.sourceStart = sourceStart;
        this.sourceLength = sourceLength;
    }

    /** From siblings in any order. */
    public static VersionedObject of(CausalContext context, List<Sibling> siblings) {
        Sibling[] sorted = siblings.toArray(new Sibling[0]);
        Arrays.sort(sorted, (a, b) -> a.dot().compareTo(b.dot()));
        for (int i = 0; i < sorted.length; i++) {
            Check.argument(
                    context.covers(sorted[i].dot()), "%s does not cover its sibling %s", context, sorted[i].dot());
            Check.argument(
                    i == 0 || sorted[i - 1].dot().compareTo(sorted[i].dot()) != 0, "two siblings %s", sorted[i].dot());
        }
        return new VersionedObject(context, sorted);
    }

    public CausalContext context() {
        return context;
    }

    /** All siblings, tombstones too, ascending by dot. */
    public List<Sibling> siblings() {
        return Collections.unmodifiableList(Arrays.asList(siblings));
    }

    /** The siblings that are not tombstones, ascending by dot. */
    public List<Sibling> values() {
        List<Sibling> live = new ArrayList<>(siblings.length);
        for (Sibling sibling : siblings) {
            if (sibling.kind() == Sibling.Kind.VALUE) {
                live.add(sibling);
            }
        }
        return live;
    }

    /** Reads as not found, though its context still matters to the next write. */
    public boolean isDeleted() {
        for (Sibling sibling : siblings) {
            if (sibling.kind() == Sibling.Kind.VALUE) {
                return false;
            }
        }
        return true;
    }

    /** Ascending. */
    public List<Dot> dots() {
        List<Dot> dots = new ArrayList<>(siblings.length);
        for (Sibling sibling : siblings) {
            dots.add(sibling.dot());
        }
        return dots;
    }

    public int siblingCount() {
        return siblings.length;
    }

    /** The canonical bytes: the body of a record and of every message about the key. */
    public Bytes encoded() {
        // A racing second computation makes the same bytes.
        Bytes known = encoded;
        if (known == null) {
            known = source != null
                    ? Bytes.owning(Arrays.copyOfRange(source, sourceStart, sourceStart + sourceLength))
                    : encode();
            encoded = known;
        }
        return known;
    }

    /** Reads what {@link #encoded} wrote and nothing else. @throws MalformedException for anything else */
    public static VersionedObject decode(Bytes bytes) {
        StrictReader reader = new StrictReader(bytes.unsafeArray(), 0, bytes.length());
        VersionedObject object = readRest(bytes.unsafeArray(), reader);
        object.encoded = bytes;
        return object;
    }

    /** Reads an object that ends where the reader ends, and keeps the array as its encoding. */
    static VersionedObject readRest(byte[] array, StrictReader reader) {
        int start = reader.position();
        CausalContext context = CausalContext.read(reader);
        Sibling[] siblings = readSiblings(reader, context);
        reader.end();
        return new VersionedObject(context, siblings, array, start, reader.position() - start);
    }

    int encodedLength() {
        return source != null ? sourceLength : encoded().length();
    }

    int copyEncodedTo(byte[] target, int position) {
        if (source != null) {
            System.arraycopy(source, sourceStart, target, position, sourceLength);
            return position + sourceLength;
        }
        byte[] bytes = encoded().unsafeArray();
        System.arraycopy(bytes, 0, target, position, bytes.length);
        return position + bytes.length;
    }

    /** Whether both already have their bytes and these are the same: the usual case of a replica that is up to date. */
    boolean knownEqual(VersionedObject other) {
        byte[] mine = knownArray();
        byte[] theirs = other.knownArray();
        return mine != null
                && theirs != null
                && Arrays.equals(
                        mine,
                        knownStart(),
                        knownStart() + encodedLength(),
                        theirs,
                        other.knownStart(),
                        other.knownStart() + other.encodedLength());
    }

    Sibling[] siblingArray() {
        return siblings;
    }

    private byte @Nullable [] knownArray() {
        return source != null ? source : encoded != null ? encoded.unsafeArray() : null;
    }

    private int knownStart() {
        return source != null ? sourceStart : 0;
    }

    private Bytes encode() {
        int size = context.encodedSize() + Wire.varintSize(siblings.length);
        for (Sibling sibling : siblings) {
            int length = sibling.value().length();
            size += Wire.varintSize(entryOf(sibling))
                    + Wire.varintSize(sibling.dot().sequence())
                    + Long.BYTES
                    + 1
                    + Wire.varintSize(length)
                    + length;
        }
        byte[] array = new byte[size];
        int position = context.writeTo(array, 0);
        position = Wire.varint(array, position, siblings.length);
        for (Sibling sibling : siblings) {
            byte[] value = sibling.value().unsafeArray();
            position = Wire.varint(array, position, entryOf(sibling));
            position = Wire.varint(array, position, sibling.dot().sequence());
            position = Wire.fixed64(array, position, sibling.hybridTime());
            array[position++] = (byte) sibling.kind().ordinal();
            position = Wire.varint(array, position, value.length);
            System.arraycopy(value, 0, array, position, value.length);
            position += value.length;
        }
        return Bytes.owning(array);
    }

    /** The context's entry that covers the sibling: it stands for the actor in the sibling's encoding. */
    private int entryOf(Sibling sibling) {
        int entry = context.entryCovering(sibling.dot());
        Check.state(entry >= 0, "%s does not cover its sibling %s", context, sibling.dot());
        return entry;
    }

    private static Sibling[] readSiblings(StrictReader reader, CausalContext context) {
        int size = (int) reader.varintBetween(0, reader.remaining() / SMALLEST_SIBLING, "number of siblings");
        Sibling[] siblings = new Sibling[size];
        int previousEntry = -1;
        long previousSequence = 0;
        for (int i = 0; i < size; i++) {
            int entry = (int) reader.varintBetween(0, context.entryCount() - 1L, "interval of a sibling");
            long sequence = reader.varint();
            if (!context.entryCovers(entry, sequence)) {
                throw reader.malformed("a sibling outside its interval");
            }
            if (entry < previousEntry || (entry == previousEntry && sequence <= previousSequence)) {
                throw reader.malformed("siblings out of order");
            }
            previousEntry = entry;
            previousSequence = sequence;
            long hybridTime = reader.fixed64();
            int kind = reader.unsignedByte();
            if (kind >= KINDS.length) {
                throw reader.malformed("unknown kind " + kind);
            }
            int longest = kind == Sibling.Kind.VALUE.ordinal() ? Integer.MAX_VALUE : 0;
            int length = (int) reader.varintBetween(0, longest, "length of a value");
            siblings[i] = new Sibling(
                    new Dot(context.actorOf(entry), sequence), hybridTime, KINDS[kind], reader.bytes(length));
        }
        return siblings;
    }

    /** Equal bytes: the same siblings and the same context, its times included. */
    @Override
    public boolean equals(@Nullable Object other) {
        return this == other
                || (other instanceof VersionedObject object && encoded().equals(object.encoded()));
    }

    @Override
    public int hashCode() {
        return encoded().hashCode();
    }

    @Override
    public String toString() {
        return Arrays.toString(siblings) + " having seen " + context;
    }
}
