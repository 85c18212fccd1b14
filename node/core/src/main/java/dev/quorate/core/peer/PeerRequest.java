package dev.quorate.core.peer;

import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.ring.RingUpdate;
import dev.quorate.core.ring.RingVersion;
import dev.quorate.core.version.VersionedObject;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What one node asks of another. Every kind may arrive twice, late or never. */
public sealed interface PeerRequest {
    /** About one key; other requests are about nodes or ranges of the ring. */
    sealed interface Keyed extends PeerRequest {
        /** Says nothing of the row: the receiver looks whether it is to hold the key, and that is enough. */
        long ANY_ROW = 0;

        Key key();

        /**
         * The epoch of the row under which the sender asks, or {@link #ANY_ROW}. A receiver that knows a later one refuses, so that no quorum
         * is put together from owners of different rows (protocols.md 1.3).
         */
        default long rowEpoch() {
            return ANY_ROW;
        }
    }

    /**
     * Merge this into what you hold, and answer when it is durable.
     *
     * @param hintFor the owner that the receiver stands in for, and hands the object to later; null asks an owner for itself
     * @param expiresAt hybrid time after which the receiver drops it (rules.md A16), or {@link #NEVER}
     * @param handover asks as the old owner of the key's slot; null for everybody else
     */
    record Replicate(
            Key key,
            VersionedObject object,
            Cause cause,
            @Nullable NodeId hintFor,
            long expiresAt,
            long rowEpoch,
            @Nullable Handover handover)
            implements Keyed {
        public static final long NEVER = 0;

        /** As most are: not on account of a hand-over. */
        public Replicate(
                Key key, VersionedObject object, Cause cause, @Nullable NodeId hintFor, long expiresAt, long rowEpoch) {
            this(key, object, cause, hintFor, expiresAt, rowEpoch, null);
        }

        /** The same on account of a hand-over. Its attempt says whether it comes too late, which no clock could say better (rules.md A16). */
        public Replicate within(Handover receiving) {
            return new Replicate(key, object, cause, hintFor, NEVER, rowEpoch, receiving);
        }

        /** What a coordinator sends to the other owners. */
        public static Replicate toOwner(Key key, VersionedObject object, long rowEpoch) {
            return new Replicate(key, object, Cause.CLIENT, null, NEVER, rowEpoch);
        }
    }

    /** On whose behalf an object is sent. All but the client's own can wait while the receiver is busy. */
    enum Cause {
        CLIENT,
        READ_REPAIR,
        HINT,
        ANTI_ENTROPY
    }

    /**
     * Send what you hold.
     *
     * @param standingFor the owner in whose place the receiver is asked; null asks an owner for itself
     * @param handover asks as the old owner of the key's slot; null for everybody else
     */
    record Read(
            Key key,
            @Nullable NodeId standingFor,
            long rowEpoch,
            @Nullable Handover handover) implements Keyed {
        public Read(Key key, @Nullable NodeId standingFor, long rowEpoch) {
            this(key, standingFor, rowEpoch, null);
        }

        public static Read ofOwner(Key key, long rowEpoch) {
            return new Read(key, null, rowEpoch);
        }
    }

    /** Say which of these slots, of {@code 2^log2Slots}, are not the same on the receiver. */
    record CompareRoots(int log2Slots, List<SlotRoot> roots) implements PeerRequest {}

    /**
     * Say which leaves from {@code firstLeaf} to before {@code endLeaf} are not the same on the receiver. Those that are not listed are
     * empty.
     */
    record CompareLeaves(int firstLeaf, int endLeaf, List<LeafHash> leaves) implements PeerRequest {}

    /**
     * Send the records from {@code first} to {@code last} that the sender lacks or holds otherwise, and say which of its records the receiver
     * lacks.
     *
     * @param held all that the sender holds of the range, ascending
     */
    record SyncRange(KeyHash first, KeyHash last, List<KeyDigest> held) implements PeerRequest {}

    /** Say what you hold and for whom, whether you own the key or not: for people who ask why they see what they see. */
    record Inspect(Key key) implements Keyed {}

    /** Coordinate this read: the sender is no owner. */
    record ForwardGet(GetCommand command, long rowEpoch) implements Keyed {
        @Override
        public Key key() {
            return command.key();
        }
    }

    /** Coordinate this write: the sender is no owner. */
    record ForwardWrite(WriteCommand command, long rowEpoch) implements Keyed {
        @Override
        public Key key() {
            return command.key();
        }
    }

    /**
     * Take this slot over from me, or go on where you were: say when you are ready for what comes.
     *
     * @param held only if you have it all already: who lost that must not begin again as if nothing was
     */
    record MoveBegin(int slot, Handover handover, boolean held) implements PeerRequest {}

    /** Say how much of what the sender keeps for you it may send now: so much is there. */
    record AskHintCredits(int keys, long bytes) implements PeerRequest {}

    /** Say something. Answered at once, whatever the state of the node. */
    record Ping() implements PeerRequest {
        public static final Ping INSTANCE = new Ping();
    }

    /** What members tell each other about members. */
    sealed interface OfMembership extends PeerRequest {}

    /** Ping this member for me: I get no answer from it. */
    record ProbeFor(NodeId target) implements OfMembership {}

    /** This is how far I know everybody: tell me what you know beyond it, and what you lack. */
    record Gossip(GossipDigest digest) implements OfMembership {}

    /** What the other lacked. */
    record GossipDelta(GossipNews news) implements OfMembership {}

    /** About the ring itself. Answered also by nodes that start, and to nodes that are out. */
    sealed interface OfTopology extends PeerRequest {}

    /**
     * As a voter, promise to refuse all lower ballots, and say what you accepted last.
     *
     * @param known the committed version that the sender has: it need not be sent back
     */
    record PrepareRing(Ballot ballot, RingVersion known) implements OfTopology {}

    /** As a voter, accept this as the next ring, unless a higher ballot was promised. */
    record AcceptRing(Ballot ballot, RingState ring) implements OfTopology {}

    /** As a voter, say which version you accepted last. Promises nothing. */
    record ReadAccepted() implements OfTopology {
        public static final ReadAccepted INSTANCE = new ReadAccepted();
    }

    /**
     * The sender is a voter that has lost its memory with its disk: promise it this ballot, and say what there is to remember. Answered also by voters
     * that have lost theirs.
     */
    record RecallVotes(Ballot ballot) implements OfTopology {}

    /** Send the ring if yours is later than this one. */
    record FetchRing(RingVersion since) implements OfTopology {}

    /** This was agreed about. */
    record TellRing(RingUpdate update) implements OfTopology {}

    /** Have this agreed about. */
    record ReportMove(MoveReport report) implements OfTopology {}
}
