package dev.quorate.core.version;

import dev.quorate.core.model.Check;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The name of one write, for ever. The sequence counts all writes of an actor, whatever their key, and begins at 1. Its text is
 * the API's {@code version_id}.
 */
public record Dot(Actor actor, long sequence) implements Comparable<Dot> {
    private static final Pattern TEXT = Pattern.compile(
            "(0|[1-9][0-9]{0,9})\\.([1-9][0-9]{0,9})\\.(0|[1-9a-f][0-9a-f]{0,15})\\.([1-9][0-9]{0,18})");

    public Dot {
        Check.argument(sequence > 0, "sequence %s is not positive", sequence);
    }

    /** Reads what {@link #toString} wrote, and nothing else: two texts never name the same dot. */
    public static Dot parse(String text) {
        Matcher parts = TEXT.matcher(text);
        Check.argument(parts.matches(), "'%s' is not a version id such as 1.2.10000004f.17", text);
        try {
            return new Dot(
                    new Actor(
                            Integer.parseInt(parts.group(1)),
                            Integer.parseInt(parts.group(2)),
                            Long.parseUnsignedLong(parts.group(3), 16)),
                    Long.parseLong(parts.group(4)));
        } catch (NumberFormatException tooLarge) {
            throw new IllegalArgumentException(
                    "'" + text + "' has a number that is too large for a version id", tooLarge);
        }
    }

    @Override
    public int compareTo(Dot other) {
        int byActor = actor.compareTo(other.actor);
        return byActor != 0 ? byActor : Long.compare(sequence, other.sequence);
    }

    /** {@code cluster.node.boot.sequence}, the boot in hexadecimal. */
    @Override
    public String toString() {
        return actor + "." + sequence;
    }
}
