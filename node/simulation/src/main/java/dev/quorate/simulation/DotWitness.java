package dev.quorate.simulation;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.ring.KeyHasher;
import dev.quorate.core.version.CausalContext;
import dev.quorate.core.version.ContextToken;
import dev.quorate.core.version.Dot;
import dev.quorate.core.version.Sibling;
import dev.quorate.core.version.StoredRecord;
import dev.quorate.core.version.VersionedObject;
import dev.quorate.simulation.History.Write;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Knows every dot from its birth on: which write it names, and what that write replaced where it was made. Opens contexts with the cluster's
 * key, and says which writes they cover.
 *
 * <ul>
 *   <li>I3: nobody holds what nobody wrote
 *   <li>I4: contexts stay below their bounds
 *   <li>I8: a dot names one write for ever, a write has one dot, and so have all attempts at it at one boot of one node
 *   <li>I15: a node tells its peers of nothing that a damaged record made up
 * </ul>
 */
final class DotWitness {
    /** The first commit that held a dot. */
    private static final class Minted {
        private final String key;
        private final Sibling sibling;
        private final @Nullable Write write;
        /** Writes that were replaced at the coordinator, with their pasts. */
        private final BitSet replaced;

        Minted(String key, Sibling sibling, @Nullable Write write, BitSet replaced) {
            this.key = key;
            this.sibling = sibling;
            this.write = write;
            this.replaced = replaced;
        }
    }

    /** What the last attempt at a request made, and when. */
    private record Made(Dot dot, long at) {}

    /** A coordinator recognises a retry for a minute of its own clock, which may be fast; a stopped process may get one later. */
    private static final long REQUESTS_REMEMBERED = 55_000_000_000L;

    private final SimWorld world;
    private final History history;
    private final Situations situations;
    private final KeyHasher hasher;
    private final ContextToken tokens;
    private final Findings findings;
    private final Map<Dot, Minted> minted = new TreeMap<>();
    private final Map<String, List<Dot>> dotsOfKey = new TreeMap<>();
    private final Map<Write, Dot> dotOfWrite = new LinkedHashMap<>();
    private final Map<String, Made> madeByRequest = new TreeMap<>();

    DotWitness(
            SimWorld world,
            History history,
            Situations situations,
            KeyHasher hasher,
            ContextToken tokens,
            Findings findings) {
        this.world = world;
        this.history = history;
        this.situations = situations;
        this.hasher = hasher;
        this.tokens = tokens;
        this.findings = findings;
    }

    /** I8; and the birth of a dot. */
    void namesOneWrite(
            SimProcess process, String key, @Nullable StoredRecord before, StoredRecord after, Sibling sibling) {
        Minted known = minted.get(sibling.dot());
        if (known != null) {
            boolean same = known.key.equals(key)
                    && known.sibling.kind() == sibling.kind()
                    && known.sibling.value().equals(sibling.value())
                    && known.sibling.hybridTime() == sibling.hybridTime();
            if (!same) {
                findings.violated(
                        "I8",
                        key,
                        sibling.dot() + " names " + known.key + " " + known.sibling + " and " + sibling + " on "
                                + process.name());
            }
            return;
        }
        BitSet replaced = replaced(before, after);
        Write write = sibling.kind() == Sibling.Kind.VALUE
                ? history.writeOf(key, sibling.value().utf8())
                : null;
        if (sibling.dot().actor().node() != process.identity().number()) {
            findings.violated("I8", key, process.name() + " holds " + sibling + ", which its node never committed");
        }
        if (sibling.kind() == Sibling.Kind.VALUE && replacedDeletion(before, after)) {
            situations.happened(Situation.WRITTEN_OVER_A_DELETION);
        }
        if (sibling.kind() == Sibling.Kind.TOMBSTONE) {
            history.key(key).removedByUnknownDeletes.put(sibling.dot().toString(), replaced);
        } else if (write == null) {
            findings.violated("I3", key, "nobody wrote " + sibling);
        } else {
            Dot earlier = dotOfWrite.put(write, sibling.dot());
            if (earlier != null) {
                findings.violated("I8", key, write + " has two dots: " + earlier + " and " + sibling.dot());
            }
            String request = write.request() + " at " + sibling.dot().actor();
            Made otherAttempt =
                    write.request().isEmpty() ? null : madeByRequest.put(request, new Made(sibling.dot(), world.now()));
            if (otherAttempt != null && world.now() - otherAttempt.at() < REQUESTS_REMEMBERED) {
                findings.violated(
                        "I8", key, request + " was written twice: " + otherAttempt.dot() + " and " + sibling.dot());
            }
            if (write.intent.seen() == null && write.intent.supersedesHeld()) {
                write.coordinatorHeld(replaced);
                if (!replaced.isEmpty()) {
                    situations.happened(Situation.BLIND_WRITE_SUPERSEDED);
                }
            }
        }
        minted.put(sibling.dot(), new Minted(key, sibling, write, replaced));
        dotsOfKey.computeIfAbsent(key, absent -> new ArrayList<>()).add(sibling.dot());
    }

    private static boolean replacedDeletion(@Nullable StoredRecord before, StoredRecord after) {
        if (before == null) {
            return false;
        }
        List<Dot> stays = after.object().dots();
        return before.object().siblings().stream()
                .anyMatch(sibling -> sibling.kind() == Sibling.Kind.TOMBSTONE && !stays.contains(sibling.dot()));
    }

    /** The writes that {@code before} shows and {@code after} does not, and what was before them. */
    private BitSet replaced(@Nullable StoredRecord before, StoredRecord after) {
        BitSet replaced = new BitSet();
        if (before == null) {
            return replaced;
        }
        List<Dot> stays = after.object().dots();
        for (Dot dot : before.object().dots()) {
            Minted gone = stays.contains(dot) ? null : minted.get(dot);
            if (gone != null) {
                replaced.or(gone.replaced);
                if (gone.write != null) {
                    replaced.set(gone.write.index);
                    replaced.or(gone.write.past());
                }
            }
        }
        return replaced;
    }

    /** I15: what a node says of a record is what was once written, whatever its disk returned. */
    void genuine(SimProcess process, Key key, VersionedObject object) {
        for (Sibling sibling : object.siblings()) {
            Minted known = minted.get(sibling.dot());
            if (known == null || !known.sibling.equals(sibling)) {
                findings.violated(
                        "I15",
                        key.bytes().utf8(),
                        process.name() + " told a peer of " + sibling + ", written was "
                                + (known == null ? "nothing" : known.sibling));
            }
        }
    }

    /** The writes of the key, deletes too, that whoever knows this still has a copy of, or of what superseded them. */
    BitSet survivors(Key key, CausalContext knows) {
        BitSet survivors = covered(key, knows);
        for (Write write : history.key(key.bytes().utf8()).writes) {
            Dot dot = write.isDelete() ? dotOfWrite.get(write) : null;
            if (dot != null && knows.covers(dot)) {
                survivors.set(write.index);
            }
        }
        return survivors;
    }

    /** What a context that a client was given covers. I4 for its size. */
    CausalContext open(Key key, Bytes token) {
        if (token.isEmpty()) {
            return CausalContext.EMPTY;
        }
        String name = key.bytes().utf8();
        if (token.length() > ContextToken.MAX_LENGTH) {
            findings.violated("I4", name, "a context of " + token.length() + " bytes");
        }
        KeyHash hash = hasher.hash(key);
        CausalContext context = tokens.open(key, hash, token);
        int dots = dotsOfKey.getOrDefault(name, List.of()).size();
        if (context.entryCount() > dots) {
            findings.violated("I4", name, context.entryCount() + " intervals after " + dots + " writes: " + context);
        }
        return context;
    }

    /** The writes of the key whose dots a context covers. */
    BitSet covered(Key key, CausalContext context) {
        BitSet covered = new BitSet();
        for (Dot dot : dotsOfKey.getOrDefault(key.bytes().utf8(), List.of())) {
            Minted birth = minted.get(dot);
            if (birth != null && birth.write != null && context.covers(dot)) {
                covered.set(birth.write.index);
            }
        }
        return covered;
    }

    /** The dot under which a write was committed; null if it never was. */
    @Nullable
    Dot dotOf(Write write) {
        return dotOfWrite.get(write);
    }

    /**
     * The dot of the delete that was answered with this context: the newest one of its coordinator in it, since a coordinator refuses
     * contexts that name later ones of its own.
     */
    @Nullable
    Dot deletionIn(Key key, CausalContext context, NodeId coordinator) {
        Dot newest = null;
        for (Dot dot : dotsOfKey.getOrDefault(key.bytes().utf8(), List.of())) {
            Minted birth = minted.get(dot);
            boolean candidate = birth != null
                    && birth.sibling.kind() == Sibling.Kind.TOMBSTONE
                    && dot.actor().node() == coordinator.number()
                    && context.covers(dot);
            // In the order of minting, and boots of one node follow each other.
            if (candidate) {
                newest = dot;
            }
        }
        return newest;
    }

    /** An acknowledged delete accounts for what that dot removed. */
    void accountFor(Key key, Dot dot, Write delete) {
        dotOfWrite.put(delete, dot);
        BitSet removed = history.key(key.bytes().utf8()).removedByUnknownDeletes.remove(dot.toString());
        if (removed != null && delete.intent.seen() == null && delete.intent.supersedesHeld()) {
            delete.coordinatorHeld(removed);
        }
    }
}
