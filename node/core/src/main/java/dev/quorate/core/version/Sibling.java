package dev.quorate.core.version;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Check;

/**
 * One of the concurrent writes that a key holds. A deletion is a sibling too: only its dot can tell a replica that missed it
 * which values are gone.
 *
 * @param hybridTime the coordinator's hybrid clock at the write, unsigned; no rule orders writes by it
 */
public record Sibling(Dot dot, long hybridTime, Kind kind, Bytes value) {
    /** Written as one byte, the ordinal: append only. */
    public enum Kind {
        VALUE,
        TOMBSTONE
    }

    public Sibling {
        Check.argument(kind == Kind.VALUE || value.isEmpty(), "a tombstone with a value of %s bytes", value.length());
    }

    boolean sameContent(Sibling other) {
        return this == other || (hybridTime == other.hybridTime && kind == other.kind && value.equals(other.value));
    }

    /** A total order of what two siblings say, whatever their dots. */
    int compareContent(Sibling other) {
        int byValue = value.compareTo(other.value);
        if (byValue != 0) {
            return byValue;
        }
        int byKind = kind.compareTo(other.kind);
        return byKind != 0 ? byKind : Long.compareUnsigned(hybridTime, other.hybridTime);
    }
}
