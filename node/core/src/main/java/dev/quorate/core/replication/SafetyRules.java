package dev.quorate.core.replication;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.peer.Mode;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.storage.HintRules;
import dev.quorate.core.storage.ObjectDigest;
import dev.quorate.core.storage.TransferRules;
import dev.quorate.core.version.CausalContext;
import dev.quorate.core.version.Dot;
import dev.quorate.core.version.RecordCodec;
import dev.quorate.core.version.StoredRecord;
import dev.quorate.core.version.VersionRules;
import dev.quorate.core.version.VersionedObject;
import org.jspecify.annotations.Nullable;

/**
 * The decisions on which safety rests, each in one method, each without state.
 *
 * <p>They stand together, and may be overridden, for one reason: the simulation replaces exactly one of them with a plausible mistake
 * and must see a numbered invariant fail. Production uses them as they are here.
 */
public class SafetyRules {
    private final VersionRules versions;
    private final HintRules hints;
    private final TransferRules transfers;

    public SafetyRules(VersionRules versions) {
        this(versions, new HintRules());
    }

    public SafetyRules(VersionRules versions, HintRules hints) {
        this(versions, hints, new TransferRules());
    }

    public SafetyRules(VersionRules versions, HintRules hints, TransferRules transfers) {
        this.versions = versions;
        this.hints = hints;
        this.transfers = transfers;
    }

    public static SafetyRules production(Metrics metrics) {
        Metrics.Counter conflicts = metrics.counter(
                "dot_conflict_total", "Merges that met one dot with two values: a node lived twice (rules.md A14)");
        return new SafetyRules(new VersionRules((kept, dropped) -> conflicts.increment()));
    }

    public VersionRules versions() {
        return versions;
    }

    public TransferRules transfers() {
        return transfers;
    }

    public HintRules hints() {
        return hints;
    }

    /**
     * The context a put or delete answers with: what it superseded and itself. Where siblings remain it is never the whole stored
     * context: a client that wrote again with that would erase values nobody has read (rules.md A1).
     *
     * <p>Where the write is the only sibling left, the stored context covers nothing but its past, and is the better answer: a client
     * that chains writes would otherwise carry one more interval with each, since between two dots of a key a node mints others.
     */
    public CausalContext answerContext(CausalContext effective, Dot dot, VersionedObject stored, int nowSeconds) {
        boolean alone = stored.siblingCount() == 1 && stored.dots().get(0).equals(dot);
        return alone ? versions.readContext(stored) : versions.answerContext(effective, dot, nowSeconds);
    }

    /** Whether a new dot is really new: if what we hold or the client has seen covers it, this identity lived elsewhere (rules.md A2). */
    public boolean dotIsFree(@Nullable StoredRecord local, CausalContext seen, Dot dot) {
        return !versions.alreadyNames(local, seen, dot);
    }

    /** The first sequence number of a boot. */
    public long firstSequence(long boot) {
        return 1;
    }

    /** Whether updates of a key wait behind a read that decides an earlier one (rules.md A3). */
    public boolean queuesBehindReadForMerge() {
        return true;
    }

    /** Whether the acknowledgement of a merge that changed nothing waits for what the merge was compared with (rules.md A4). */
    public boolean noOpWaitsForBarrier() {
        return true;
    }

    /** Whether an acknowledgement waits until the write is durable. */
    public boolean acknowledgesOnlyDurable() {
        return true;
    }

    /** Whether a write that the log failed to sync counts as durable: its outcome is unknown, and the process must end. */
    public boolean failedCommitIsDurable() {
        return false;
    }

    /** Whether a retry finds the write that its first attempt made at this coordinator. */
    public boolean remembersRequests() {
        return true;
    }

    /** Whether a replica that holds {@code theirs}, null for nothing, lacks or should forget something of {@code merged}. */
    public boolean isStale(@Nullable VersionedObject theirs, VersionedObject merged) {
        return theirs == null || !versions.sameDots(theirs, merged);
    }

    /** Whether others stand in for owners that are not to be had. */
    public boolean othersMayStandIn(Mode mode) {
        return mode == Mode.SLOPPY;
    }

    /** Whether the answer of a node counts as an owner's. */
    public boolean countsAsOwner(boolean owner) {
        return owner;
    }

    /** Acknowledgements a write waits for when {@code w} were asked for. */
    public int acknowledgementsFor(int w) {
        return w;
    }

    /**
     * What a write without a context supersedes. A retry whose first attempt this coordinator does not know supersedes nothing: since
     * then somebody may have read that attempt's value elsewhere and replaced it (rules.md A11).
     */
    public CausalContext blindContext(Bucket.BlindWrites policy, CausalContext local, boolean retryOfUnknown) {
        boolean supersedes = policy == Bucket.BlindWrites.OVERWRITE_SEEN && !retryOfUnknown;
        return supersedes ? local : CausalContext.EMPTY;
    }

    /** What read repair sends to a replica that holds {@code stale} when the answers merged to {@code merged}. */
    public VersionedObject repairOf(VersionedObject merged, VersionedObject stale) {
        return merged;
    }

    /**
     * Whether a member is DOWN, which more than one node's own trouble has to say.
     *
     * @param sources distinct hosts whose members got no answer from it, neither directly nor through others
     * @param needed two, or as many as there are hosts to tell (rules.md C)
     */
    public boolean declaresDown(int sources, int needed) {
        return sources >= needed;
    }

    /** Reads and writes records, and notices when their bits have changed. */
    public RecordCodec recordCodec() {
        return new RecordCodec();
    }

    /** What stands for a record when replicas compare theirs: the same on every node that holds the same siblings. */
    public ObjectDigest objectDigest(Bytes hashSeed) {
        return new ObjectDigest(hashSeed);
    }

    /** Whether a peer asks under a row that has changed since. {@code theirs} may be {@link PeerRequest.Keyed#ANY_ROW}, which is never stale. */
    public boolean rowIsStale(long theirs, long ours) {
        return theirs < ours;
    }

    /** Whether a node that may have lost what it acknowledged reports what it still has, or has not (rules.md A7). */
    public boolean recoveringAnswersReads() {
        return false;
    }

    /** Whether a record that cannot be read is treated as one that is not there. */
    public boolean damageIsAbsence() {
        return false;
    }
}
