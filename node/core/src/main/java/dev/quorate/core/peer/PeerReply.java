package dev.quorate.core.peer;

import dev.quorate.core.model.KeyHash;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.ring.RingUpdate;
import dev.quorate.core.ring.RingVersion;
import dev.quorate.core.version.VersionedObject;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the other node answers. */
public sealed interface PeerReply {
    /** To {@link PeerRequest.Replicate}: what the replica holds includes the object, durably. */
    record Replicated() implements PeerReply {
        public static final Replicated INSTANCE = new Replicated();
    }

    /** To {@link PeerRequest.Read}; null when the replica holds no record. */
    record ReadReply(@Nullable VersionedObject object) implements PeerReply {}

    /** To {@link PeerRequest.Inspect}: what {@link ReadReply} says, and the owners that it is kept for. */
    record Inspected(@Nullable VersionedObject object, List<NodeId> hintedFor) implements PeerReply {}

    /** To {@link PeerRequest.ForwardGet}. */
    record ForwardedGet(Result<GetAnswer> result) implements PeerReply {}

    /** To {@link PeerRequest.ForwardWrite}. */
    record ForwardedWrite(Result<WriteAnswer> result) implements PeerReply {}

    /** To {@link PeerRequest.ProbeFor}: whether the target answered the sender's ping. */
    record Probed(boolean answered) implements PeerReply {}

    /** To {@link PeerRequest.Gossip}. */
    record GossipReply(GossipNews news, List<NodeId> wanted) implements PeerReply {}

    /**
     * To {@link PeerRequest.AskHintCredits}.
     *
     * @param keys that may be sent now; 0 to ask again later
     * @param expiresAt hybrid time of the answering node, the only clock that will be asked: what is sent on these credits carries it
     * @param retryAfter with no keys, when to ask again
     */
    record HintCredits(int keys, int bytes, long expiresAt, Duration retryAfter) implements PeerReply {}

    /** To {@link PeerRequest.Ping} and {@link PeerRequest.GossipDelta}. */
    record Pong() implements PeerReply {
        public static final Pong INSTANCE = new Pong();
    }

    /** To {@link PeerRequest.CompareRoots}: the slots that differ, ascending. */
    record RootsCompared(List<Integer> differing) implements PeerReply {}

    /** To {@link PeerRequest.CompareLeaves}: what the receiver has under the leaves that differ, ascending. */
    record LeavesCompared(List<LeafHash> differing) implements PeerReply {}

    /**
     * To {@link PeerRequest.SyncRange}.
     *
     * @param records that the sender lacks or holds otherwise
     * @param wanted what the receiver lacks or cannot read
     * @param coveredTo how far this answer goes; the rest of the range is to be asked for again
     */
    record RangeSynced(List<KeyedObject> records, List<KeyHash> wanted, KeyHash coveredTo) implements PeerReply {}

    /**
     * To {@link PeerRequest.PrepareRing}: the promise is durable.
     *
     * @param accepted the ballot of what was accepted last
     * @param ring what was accepted last; null for nothing, or if it is the committed one that the sender has
     * @param asKnown whether it is that one
     */
    record RingPromised(Ballot accepted, @Nullable RingState ring, boolean asKnown) implements PeerReply {}

    /** To {@link PeerRequest.AcceptRing}: it is durable. */
    record RingAccepted() implements PeerReply {
        public static final RingAccepted INSTANCE = new RingAccepted();
    }

    /** To {@link PeerRequest.PrepareRing} and {@link PeerRequest.AcceptRing}: a higher ballot, or the same one, was promised. */
    record BallotRefused(Ballot promised) implements PeerReply {}

    /**
     * To {@link PeerRequest.RecallVotes}: the promise is durable.
     *
     * @param accepted the ballot of what was accepted last
     * @param ring what was accepted last; null for nothing
     * @param adopted the version that the node has adopted
     * @param forgetful whether this voter may have lost its own memory
     */
    record VotesRecalled(Ballot accepted, @Nullable RingState ring, RingVersion adopted, boolean forgetful)
            implements PeerReply {}

    /** To {@link PeerRequest.ReadAccepted}; null for nothing. */
    record AcceptedVersion(@Nullable RingVersion version) implements PeerReply {}

    /** To {@link PeerRequest.FetchRing}; null if there is none later. */
    record RingFetched(@Nullable RingUpdate update) implements PeerReply {}

    /**
     * To {@link PeerRequest.ReportMove}.
     *
     * @param version of a ring that shows it; of any that the answering node has, if it is not done
     */
    record MoveReported(MoveReport.Verdict verdict, RingVersion version) implements PeerReply {}

    /** To {@link PeerRequest.MoveBegin}: the receiver takes what belongs to the hand-over. */
    record MoveBegun() implements PeerReply {
        public static final MoveBegun INSTANCE = new MoveBegun();
    }

    /** To any request: nothing was done. */
    record Refused(Refusal refusal) implements PeerReply {}

    /** Why nothing was done. */
    enum Refusal {
        NOT_OWNER,
        OVERLOADED,
        STORAGE_FULL,
        /** The record fails its checksum: it counts neither as a value nor as an absence (rules.md A7). */
        CORRUPT,
        NOT_READY,
        MALFORMED,
        /** A node that owns nothing of the key keeps as many hints for the owner as it may (rules.md A9). */
        HINTS_FULL,
        /** The message is older than its sender wanted it to become (rules.md A16). */
        EXPIRED,
        /** The sender asks under a row that has changed since: ask for the ring first. */
        STALE_RING,
        /** The receiver takes part in no such hand-over. Who owns the slot, that does not say (rules.md A12). */
        NO_MOVE
    }
}
