package dev.quorate.core.version;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Check;
import dev.quorate.core.model.Key;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a write supersedes and what a merge keeps: the rules on which rests that no write is lost. They read nothing but their
 * arguments and keep nothing.
 *
 * <p>Not final, because the simulation proves its checker with planted mistakes: each mutant overrides exactly one method here.
 */
public class VersionRules {
    /** A client put that leaves more intervals than this forgets the oldest. */
    public static final int CONTEXT_ENTRIES_KEPT = 192;

    private final DotConflicts conflicts;

    public VersionRules(DotConflicts conflicts) {
        this.conflicts = conflicts;
    }

    /**
     * What both know together: a sibling stays unless the other side has seen it and no longer has it. Commutative, associative
     * and idempotent. The result is {@code a}, else {@code b}, itself when that one already knows everything.
     */
    public VersionedObject merge(VersionedObject a, VersionedObject b) {
        if (a == b || a.knownEqual(b)) {
            return a;
        }
        CausalContext context = a.context().union(b.context());
        Sibling[] left = a.siblingArray();
        Sibling[] right = b.siblingArray();
        Sibling[] kept = new Sibling[left.length + right.length];
        int size = 0;
        boolean isLeft = context == a.context();
        boolean isRight = true;
        int i = 0;
        int j = 0;
        while (i < left.length || j < right.length) {
            int order = i == left.length
                    ? 1
                    : j == right.length ? -1 : left[i].dot().compareTo(right[j].dot());
            if (order < 0) {
                if (b.context().covers(left[i].dot())) {
                    isLeft = false;
                } else {
                    kept[size++] = left[i];
                    isRight = false;
                }
                i++;
            } else if (order > 0) {
                if (a.context().covers(right[j].dot())) {
                    isRight = false;
                } else {
                    kept[size++] = right[j];
                    isLeft = false;
                }
                j++;
            } else {
                Sibling one = left[i].sameContent(right[j]) ? left[i] : resolveConflict(left[i], right[j]);
                isLeft &= one.sameContent(left[i]);
                isRight &= one.sameContent(right[j]);
                kept[size++] = one;
                i++;
                j++;
            }
        }
        if (isLeft) {
            return a;
        }
        if (isRight && b.context().includes(context)) {
            return b;
        }
        return new VersionedObject(context, size == kept.length ? kept : Arrays.copyOf(kept, size));
    }

    /**
     * What a node stores when another sends it an object. {@code local} itself when that changes nothing, which the caller may
     * acknowledge without a write. A record that arrives where there was none has no own interval: whatever this node minted for
     * the key earlier may be missing from it.
     */
    public StoredRecord merge(@Nullable StoredRecord local, Key key, VersionedObject incoming) {
        if (local == null) {
            return new StoredRecord(key, incoming, null);
        }
        checkKey(local, key);
        VersionedObject merged = merge(local.object(), incoming);
        return merged == local.object() ? local : new StoredRecord(key, merged, local.own(), local.hints());
    }

    /**
     * What the coordinator stores for a client's write: it supersedes exactly what {@code seen} covers, and stands beside the
     * rest. Before the dot is minted, {@link #alreadyNames} must have said no.
     *
     * @param local      the coordinator's record, null if it holds none
     * @param seen       the effective context: the client's, or what the bucket's policy puts in its place
     * @param dot        fresh, greater than every dot of this boot
     * @param nowSeconds since 2020, by which pruning tells old from new
     */
    public StoredRecord put(
            @Nullable StoredRecord local,
            Key key,
            CausalContext seen,
            Dot dot,
            long hybridTime,
            Sibling.Kind kind,
            Bytes value,
            int nowSeconds) {
        Sibling written = new Sibling(dot, hybridTime, kind, value);
        Sibling[] siblings;
        CausalContext context = seen;
        if (local == null) {
            siblings = new Sibling[] {written};
        } else {
            checkKey(local, key);
            siblings = with(written, local.object().siblingArray(), seen);
            context = local.object().context().union(seen);
        }
        long from = ownFrom(local, dot);
        Check.state(from <= dot.sequence(), "dot %s is older than the record's own interval from %s", dot, from);
        context = context.withInterval(dot.actor(), from, dot.sequence(), nowSeconds);
        VersionedObject object = new VersionedObject(context, siblings);
        if (context.entryCount() > CONTEXT_ENTRIES_KEPT) {
            object = new VersionedObject(prune(context, object.dots()), siblings);
        }
        return new StoredRecord(
                key, object, new OwnInterval(dot.actor().boot(), from), local == null ? List.of() : local.hints());
    }

    /**
     * The context that a put answers with: what the client had seen, and its own write. Never the stored object's context, which
     * covers siblings that the answer does not show: with that, the client's next put would remove writes that nobody has read.
     * Pruned like a stored context, since a client that chains puts adds an interval with each.
     */
    public CausalContext answerContext(CausalContext effective, Dot dot, int nowSeconds) {
        CausalContext answer = effective.withInterval(dot.actor(), dot.sequence(), dot.sequence(), nowSeconds);
        return answer.entryCount() > CONTEXT_ENTRIES_KEPT ? prune(answer, List.of(dot)) : answer;
    }

    /**
     * The context that an answer with all siblings of the object carries. Merges between replicas never prune, so it is cut here to
     * what a token can hold: a client that got more could never use it.
     */
    public CausalContext readContext(VersionedObject object) {
        CausalContext context = object.context();
        return context.entryCount() > CONTEXT_ENTRIES_KEPT ? prune(context, object.dots()) : context;
    }

    /**
     * Whether this dot, about to be minted, is known already: the identity was used elsewhere (a wiped, cloned or restored node)
     * and replicas would merge the write away. The caller takes a new boot number.
     */
    public boolean alreadyNames(@Nullable StoredRecord local, CausalContext seen, Dot dot) {
        return seen.covers(dot) || (local != null && local.object().context().covers(dot));
    }

    /**
     * The first of its own dots that a write may claim to have seen. All of them since the own interval began, while the record
     * was held without a gap in this boot; otherwise only the write itself.
     */
    protected long ownFrom(@Nullable StoredRecord local, Dot dot) {
        OwnInterval own = local == null ? null : local.own();
        return own != null && own.boot() == dot.actor().boot() ? own.from() : dot.sequence();
    }

    /**
     * Forgets the intervals that were extended longest ago, down to the limit, but none that covers one of {@code live}. What is
     * forgotten may come back as a sibling from a replica that was away; nothing can be lost by it. Applied only to what a client
     * writes or is answered: a merge that pruned would make replicas repair each other for ever.
     */
    protected CausalContext prune(CausalContext context, List<Dot> live) {
        int entries = context.entryCount();
        boolean[] held = new boolean[entries];
        for (Dot dot : live) {
            int entry = context.entryCovering(dot);
            if (entry >= 0) {
                held[entry] = true;
            }
        }
        boolean[] dropped = new boolean[entries];
        int droppedCount = 0;
        while (entries - droppedCount > CONTEXT_ENTRIES_KEPT) {
            int oldest = -1;
            for (int i = 0; i < entries; i++) {
                if (!held[i] && !dropped[i] && (oldest < 0 || context.olderThan(i, oldest))) {
                    oldest = i;
                }
            }
            if (oldest < 0) {
                break;
            }
            dropped[oldest] = true;
            droppedCount++;
        }
        return context.withoutEntries(dropped, droppedCount);
    }

    /** One dot, two contents: which one stays must not depend on who merges, and must not go unnoticed. */
    protected Sibling resolveConflict(Sibling a, Sibling b) {
        Sibling kept = a.compareContent(b) >= 0 ? a : b;
        conflicts.conflict(kept, kept == a ? b : a);
        return kept;
    }

    /**
     * How {@code a} relates to {@code b}. Pruning makes contexts of equal versions differ, so a context counts only where it
     * decides about a sibling.
     */
    public Relation relation(VersionedObject a, VersionedObject b) {
        Sibling[] left = a.siblingArray();
        Sibling[] right = b.siblingArray();
        boolean leftKnowsMore = false;
        boolean rightKnowsMore = false;
        int i = 0;
        int j = 0;
        while (i < left.length || j < right.length) {
            int order = i == left.length
                    ? 1
                    : j == right.length ? -1 : left[i].dot().compareTo(right[j].dot());
            if (order < 0) {
                boolean superseded = b.context().covers(left[i].dot());
                rightKnowsMore |= superseded;
                leftKnowsMore |= !superseded;
                i++;
            } else if (order > 0) {
                boolean superseded = a.context().covers(right[j].dot());
                leftKnowsMore |= superseded;
                rightKnowsMore |= !superseded;
                j++;
            } else {
                i++;
                j++;
            }
        }
        if (leftKnowsMore) {
            return rightKnowsMore ? Relation.CONCURRENT : Relation.AFTER;
        }
        return rightKnowsMore ? Relation.BEFORE : Relation.EQUAL;
    }

    /** Whether both hold the same writes. Read repair asks nothing else: contexts that differ by pruning must not cause traffic. */
    public boolean sameDots(VersionedObject a, VersionedObject b) {
        Sibling[] left = a.siblingArray();
        Sibling[] right = b.siblingArray();
        if (left.length != right.length) {
            return false;
        }
        for (int i = 0; i < left.length; i++) {
            if (left[i].dot().compareTo(right[i].dot()) != 0) {
                return false;
            }
        }
        return true;
    }

    /** The siblings that {@code seen} does not cover, and the written one in its place among them. */
    private Sibling[] with(Sibling written, Sibling[] held, CausalContext seen) {
        Sibling[] result = new Sibling[held.length + 1];
        int size = 0;
        Sibling pending = written;
        boolean placed = false;
        for (Sibling sibling : held) {
            int order = sibling.dot().compareTo(written.dot());
            if (order == 0) {
                pending = written.sameContent(sibling) ? written : resolveConflict(written, sibling);
                continue;
            }
            if (seen.covers(sibling.dot())) {
                continue;
            }
            if (order > 0 && !placed) {
                result[size++] = pending;
                placed = true;
            }
            result[size++] = sibling;
        }
        if (!placed) {
            result[size++] = pending;
        }
        return size == result.length ? result : Arrays.copyOf(result, size);
    }

    private static void checkKey(StoredRecord local, Key key) {
        Check.state(local.key().equals(key), "the record of %s cannot take a write of %s", local.key(), key);
    }
}
