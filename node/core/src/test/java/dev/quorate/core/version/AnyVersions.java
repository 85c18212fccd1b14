package dev.quorate.core.version;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.NodeId;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Contexts, objects and records out of a seed. Dots come from a small universe, so that intervals of two random contexts often
 * overlap, touch and contain each other; now and then numbers are at the ends of their ranges.
 */
public final class AnyVersions {
    /** Sequences of the small universe are 1 to this. */
    static final int SEQUENCES = 12;

    private static final List<Actor> ACTORS = List.of(
            new Actor(0, 1, 1),
            new Actor(0, 1, 2),
            new Actor(0, 2, 1),
            new Actor(0, 3, -1),
            new Actor(7, 1, 1L << 40 | 9));

    private final SplittableRandom random;

    public AnyVersions(long seed) {
        random = new SplittableRandom(seed);
    }

    int below(int bound) {
        return random.nextInt(bound);
    }

    static List<Dot> universe() {
        List<Dot> dots = new ArrayList<>();
        for (Actor actor : ACTORS) {
            for (int sequence = 1; sequence <= SEQUENCES; sequence++) {
                dots.add(new Dot(actor, sequence));
            }
        }
        return dots;
    }

    Dot dot() {
        return new Dot(ACTORS.get(random.nextInt(ACTORS.size())), 1 + random.nextInt(SEQUENCES));
    }

    public CausalContext context() {
        CausalContext context = CausalContext.EMPTY;
        for (int i = random.nextInt(7); i > 0; i--) {
            Dot from = dot();
            long to = Math.min(SEQUENCES, from.sequence() + random.nextInt(4));
            context = context.withInterval(from.actor(), from.sequence(), to, random.nextInt(4));
        }
        return context;
    }

    /** Some of the dots of a random context are siblings. What a sibling says follows from its dot, as in a sound cluster. */
    public VersionedObject object() {
        CausalContext context = context();
        List<Sibling> siblings = new ArrayList<>();
        for (Dot dot : universe()) {
            if (context.covers(dot) && random.nextInt(4) == 0) {
                siblings.add(sibling(dot, ""));
            }
        }
        return VersionedObject.of(context, siblings);
    }

    static Sibling sibling(Dot dot, String salt) {
        boolean tombstone = salt.isEmpty() && dot.sequence() % 4 == 0;
        return new Sibling(
                dot,
                dot.hashCode() * 0x9e3779b97f4a7c15L,
                tombstone ? Sibling.Kind.TOMBSTONE : Sibling.Kind.VALUE,
                tombstone ? Bytes.EMPTY : Bytes.utf8(salt + dot));
    }

    /** Objects that disagree on what a dot says, as after the loss of an identity. */
    VersionedObject conflictingObject() {
        List<Sibling> siblings = new ArrayList<>();
        VersionedObject sound = object();
        for (Dot dot : sound.dots()) {
            siblings.add(sibling(dot, random.nextInt(2) == 0 ? "" : "other " + random.nextInt(3)));
        }
        return VersionedObject.of(sound.context(), siblings);
    }

    public StoredRecord record() {
        byte[] key = new byte[1 + random.nextInt(random.nextInt(20) == 0 ? Key.MAX_LENGTH : 30)];
        random.nextBytes(key);
        long boot = random.nextBoolean() ? random.nextLong() : random.nextInt(1_000);
        return new StoredRecord(
                new Key(random.nextInt(1 << random.nextInt(1, 31)), Bytes.owning(key)),
                random.nextInt(4) == 0 ? extremeObject() : object(),
                random.nextBoolean() ? new OwnInterval(boot, 1 + (random.nextLong() >>> 1 + random.nextInt(62))) : null,
                hints());
    }

    private List<Hint> hints() {
        List<Hint> hints = new ArrayList<>();
        int owner = 0;
        for (int left = random.nextBoolean() ? 0 : 1 + random.nextInt(StoredRecord.MAX_HINTS); left > 0; left--) {
            owner += 1 + random.nextInt(1 << random.nextInt(26));
            hints.add(new Hint(new NodeId(owner), random.nextLong()));
        }
        return hints;
    }

    private VersionedObject extremeObject() {
        Actor actor = new Actor(Integer.MAX_VALUE, Integer.MAX_VALUE, -1);
        CausalContext context = CausalContext.EMPTY
                .withInterval(actor, 1, 1, 0)
                .withInterval(actor, Long.MAX_VALUE - random.nextInt(2), Long.MAX_VALUE, Integer.MAX_VALUE);
        byte[] value = new byte[random.nextInt(10_000)];
        random.nextBytes(value);
        return VersionedObject.of(
                context,
                List.of(new Sibling(
                        new Dot(actor, Long.MAX_VALUE), random.nextLong(), Sibling.Kind.VALUE, Bytes.owning(value))));
    }
}
