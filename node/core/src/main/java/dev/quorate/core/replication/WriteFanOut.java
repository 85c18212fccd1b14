package dev.quorate.core.replication;

import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Mode;
import dev.quorate.core.peer.PeerCalls;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.peer.Report;
import dev.quorate.core.version.StoredRecord;
import dev.quorate.core.version.VersionedObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One write on its way to every position of its row: to the owner there or, if the write is sloppy and the owner cannot be had, refuses or
 * keeps silent, to a node that stands in for it. What in the end nobody holds for an owner, this node keeps for it: it holds the
 * object anyway. Confined to the event loop.
 */
final class WriteFanOut {
    /** Told of a decision other than to wait. */
    interface Listener {
        void decided(WriteQuorum.Decision decision);
    }

    private static final int NOT_LOOKED = -1;

    // Links of SilenceWatch, here so that watching a write needs no object.
    long silentAt;
    boolean watched;

    @Nullable
    WriteFanOut watchedBefore;

    @Nullable
    WriteFanOut watchedAfter;

    private final Standins standins;
    private final Local local;
    private final Key key;
    private final KeyHash hash;
    // One of them changes if its owner says that another has taken its place.
    private List<NodeId> owners;
    private long rowEpoch;
    private final boolean sloppy;
    private final long deadline;
    private final Listener listener;
    private final WriteQuorum quorum;
    private final int ownPosition;
    private @Nullable VersionedObject object;
    private NodeId @Nullable [] planned;
    private @Nullable List<NodeId> asked;
    // Bit by bit, a position each.
    private int absent = NOT_LOOKED;
    private int waitsForOwner;
    private int waitsForOther;
    // What this node was to keep, and what it keeps from the commit on that writes the object: there may have been no
    // room.
    private int keepAsked;
    private int keptHere;
    private int hinted;
    private int asksUnderNewRow;
    private boolean over;

    /** What the writes of a node share. */
    record Standins(Local local, Fallbacks fallbacks, SilenceWatch silence, HintKeeper keeper) {}

    WriteFanOut(
            Standins standins,
            Key key,
            KeyHash hash,
            List<NodeId> owners,
            Mode mode,
            long deadline,
            WriteQuorum quorum,
            Listener listener) {
        this.standins = standins;
        this.local = standins.local();
        this.key = key;
        this.hash = hash;
        this.owners = owners;
        this.rowEpoch = local.rowEpoch(hash);
        this.sloppy = local.rules().othersMayStandIn(mode);
        this.deadline = deadline;
        this.quorum = quorum;
        this.listener = listener;
        int own = owners.indexOf(local.self());
        this.ownPosition = own >= 0 ? own : positionToStandInFor();
    }

    WriteQuorum quorum() {
        return quorum;
    }

    /** Whether there is a position for which this node may answer: always, unless it would have to keep more hints than it may. */
    boolean hasOwnPosition() {
        return ownPosition >= 0;
    }

    /** Whether this node may hold the object: as an owner, or with a hint for one. Asked again right before it is written. */
    boolean mayHoldHere(@Nullable StoredRecord held) {
        if (owns()) {
            return true;
        }
        if (!local.mayStandIn(hash)) {
            return false;
        }
        NodeId owner = owners.get(ownPosition);
        return held != null && held.hintFor(owner) != null || standins.keeper().hasRoomFor(owner);
    }

    /** Where a node outside the row counts: for an owner that cannot be had, if there is one. -1 when it has no room for any. */
    private int positionToStandInFor() {
        int best = -1;
        for (int position = 0; position < owners.size(); position++) {
            NodeId owner = owners.get(position);
            if (standins.keeper().hasRoomFor(owner) && (best < 0 || !local.reachable(owner))) {
                best = position;
                if (!local.reachable(owner)) {
                    break;
                }
            }
        }
        return best;
    }

    /** Other nodes that could stand in for owners now, as far as {@code most}. */
    int othersReachable(int most) {
        if (!sloppy) {
            return 0;
        }
        int found = 0;
        for (NodeId other : standins.fallbacks().of(hash, owners.size(), owners.get(0))) {
            if (found < most && local.reachable(other)) {
                found++;
            }
        }
        return found;
    }

    /**
     * Decides who is asked in place of owners that cannot be had. What no other node can keep for them this node keeps, from the very commit
     * that writes the object.
     */
    StoredRecord plan(StoredRecord record) {
        StoredRecord hintedRecord = record;
        for (int position = 0; position < owners.size(); position++) {
            NodeId owner = owners.get(position);
            boolean outsider = position == ownPosition && !owner.equals(local.self());
            if (!outsider && !isAbsent(position)) {
                continue;
            }
            NodeId other = position == ownPosition ? null : nextOther(position);
            if (other == null) {
                StoredRecord before = hintedRecord;
                hintedRecord = standins.keeper().withHint(before, owner, owns());
                keepAsked |= 1 << position;
                if (hintedRecord.hintFor(owner) != null) {
                    keptHere |= 1 << position;
                }
                if (hintedRecord != before) {
                    standins.keeper().kept();
                }
            } else {
                if (planned == null) {
                    planned = new NodeId[owners.size()];
                }
                planned[position] = other;
            }
        }
        return hintedRecord;
    }

    /** Looked up once, right before the object is written and sent: both must act on the same view. */
    private boolean isAbsent(int position) {
        if (absent == NOT_LOOKED) {
            absent = 0;
            for (int i = 0; i < owners.size(); i++) {
                if (!local.reachable(owners.get(i))) {
                    absent |= 1 << i;
                }
            }
        }
        return (absent & 1 << position) != 0;
    }

    /** Sends the object. Peers first, before this node's own sync: their network and disk time overlaps with ours. */
    void start(VersionedObject written) {
        object = written;
        PeerRequest.Replicate request = PeerRequest.Replicate.toOwner(key, written, rowEpoch);
        Duration left = left();
        for (int position = 0; position < owners.size(); position++) {
            if (position == ownPosition) {
                continue;
            }
            NodeId owner = owners.get(position);
            NodeId other = planned == null ? null : planned[position];
            if (other != null) {
                tell(quorum.ownerFailed(position));
                ask(position, other);
            } else if (!isAbsent(position)) {
                waitsForOwner |= 1 << position;
                local.peers().call(owner, request, left, new OwnersAnswer(position));
            } else {
                // What is written already, and is sent again, had no plan.
                ownerFailed(position, true);
            }
        }
        boolean canBeReplaced =
                sloppy && owners.size() < local.table().members().size();
        if (canBeReplaced && waitsForOwner != 0 && !over) {
            standins.silence().watch(this);
        }
    }

    /** This node holds the object durably. */
    void heldHere() {
        hinted |= keptHere;
        tell(quorum.acknowledged(ownPosition, local.self(), local.rules().countsAsOwner(owns())));
    }

    /** The client has its answer, or none. What is still on its way is looked after, but no other node is asked any more. */
    void over() {
        over = true;
        standins.silence().forget(this);
    }

    Report report(int required) {
        List<NodeId> keptFor = List.of();
        if (hinted != 0) {
            keptFor = new ArrayList<>(owners.size());
            for (int position = 0; position < owners.size(); position++) {
                if ((hinted & 1 << position) != 0) {
                    keptFor.add(owners.get(position));
                }
            }
        }
        return new Report(local.self(), List.copyOf(quorum.acknowledged()), required, quorum.primaries(), keptFor);
    }

    void ownersAreSilent() {
        for (int position = 0; position < owners.size() && !over; position++) {
            boolean silent = (waitsForOwner & ~waitsForOther & 1 << position) != 0 && !quorum.isHeld(position);
            if (silent && standins.silence().mayAsk()) {
                NodeId other = nextOther(position);
                if (other != null) {
                    ask(position, other);
                }
            }
        }
    }

    private boolean owns() {
        return ownPosition >= 0 && owners.get(ownPosition).equals(local.self());
    }

    private Duration left() {
        return Duration.ofNanos(Math.max(0, deadline - local.clock().nanos()));
    }

    /** The best node that was not asked yet: two positions never count the same one. */
    private @Nullable NodeId nextOther(int position) {
        if (!sloppy) {
            return null;
        }
        for (NodeId other : standins.fallbacks().of(hash, owners.size(), owners.get(position))) {
            boolean used = asked != null && asked.contains(other);
            if (!used && !other.equals(local.self()) && local.reachable(other)) {
                if (asked == null) {
                    asked = new ArrayList<>(4);
                }
                asked.add(other);
                return other;
            }
        }
        return null;
    }

    private void ask(int position, NodeId other) {
        VersionedObject written = object;
        if (written == null) {
            return;
        }
        standins.keeper().asked();
        waitsForOther |= 1 << position;
        PeerRequest.Replicate request = new PeerRequest.Replicate(
                key, written, PeerRequest.Cause.CLIENT, owners.get(position), PeerRequest.Replicate.NEVER, rowEpoch);
        local.peers().call(other, request, left(), new OthersAnswer(position, other));
    }

    private void ownerFailed(int position, boolean mayHaveItLater) {
        tell(quorum.ownerFailed(position));
        if (quorum.isHeld(position) || (waitsForOther & 1 << position) != 0) {
            return;
        }
        NodeId other = over ? null : nextOther(position);
        if (other != null) {
            ask(position, other);
        } else {
            lose(position, mayHaveItLater);
        }
    }

    /**
     * The row has changed under this write: asks, once for each position, whoever stands there by now.
     *
     * @return false if that is not why the node refused, or was tried before
     */
    private boolean askUnderNewRow(int position, NodeId refusing, PeerReply.@Nullable Refusal refusal) {
        boolean stale = refusal == PeerReply.Refusal.STALE_RING;
        if (!stale || (asksUnderNewRow & 1 << position) != 0) {
            return false;
        }
        asksUnderNewRow |= 1 << position;
        // Until it is known whom to ask, this position waits for its owner.
        waitsForOwner |= 1 << position;
        local.ringUpdates().fetchFrom(refusing, () -> {
            waitsForOwner &= ~(1 << position);
            List<NodeId> row = local.owners(key, hash);
            VersionedObject written = object;
            NodeId owner = position < row.size() ? row.get(position) : null;
            if (owner == null || written == null || !mayCountAt(position, owner)) {
                ownerFailed(position, false);
                return;
            }
            rowEpoch = local.rowEpoch(hash);
            if (!owner.equals(owners.get(position))) {
                owners = new ArrayList<>(owners);
                owners.set(position, owner);
            }
            waitsForOwner |= 1 << position;
            local.peers()
                    .call(
                            owner,
                            PeerRequest.Replicate.toOwner(key, written, rowEpoch),
                            left(),
                            new OwnersAnswer(position));
        });
        return true;
    }

    /** A node counts for one position, also one that stood in for another owner before. */
    private boolean mayCountAt(int position, NodeId owner) {
        boolean elsewhere = owners.contains(owner) && owners.indexOf(owner) != position;
        boolean stoodIn = asked != null && asked.contains(owner);
        return !elsewhere && !stoodIn && !owner.equals(local.self()) && local.reachable(owner);
    }

    private void lose(int position, boolean mayHaveItLater) {
        tell(quorum.lost(position));
        if (mayHaveItLater && (keepAsked & 1 << position) == 0) {
            keepAsked |= 1 << position;
            standins.keeper().keep(key, hash, owners.get(position), owns());
        }
    }

    private void tell(WriteQuorum.Decision decision) {
        if (decision != WriteQuorum.Decision.WAIT) {
            listener.decided(decision);
        }
    }

    private final class OwnersAnswer implements PeerCalls.Waiter {
        private final int position;

        OwnersAnswer(int position) {
            this.position = position;
        }

        @Override
        public void answered(PeerReply reply) {
            waitsForOwner &= ~(1 << position);
            if (reply instanceof PeerReply.Replicated) {
                tell(quorum.acknowledged(position, owners.get(position), true));
                return;
            }
            PeerReply.Refusal refusal = reply instanceof PeerReply.Refused refused ? refused.refusal() : null;
            if (!askUnderNewRow(position, owners.get(position), refusal)) {
                ownerFailed(position, refusal != PeerReply.Refusal.NOT_OWNER);
            }
        }

        @Override
        public void failed(PeerCalls.CallFailure failure) {
            waitsForOwner &= ~(1 << position);
            ownerFailed(position, true);
        }
    }

    private final class OthersAnswer implements PeerCalls.Waiter {
        private final int position;
        private final NodeId other;

        OthersAnswer(int position, NodeId other) {
            this.position = position;
            this.other = other;
        }

        @Override
        public void answered(PeerReply reply) {
            waitsForOther &= ~(1 << position);
            if (reply instanceof PeerReply.Replicated) {
                hinted |= 1 << position;
                tell(quorum.acknowledged(position, other, local.rules().countsAsOwner(false)));
                return;
            }
            PeerReply.Refusal refusal = reply instanceof PeerReply.Refused refused ? refused.refusal() : null;
            if (!askUnderNewRow(position, other, refusal)) {
                next();
            }
        }

        @Override
        public void failed(PeerCalls.CallFailure failure) {
            waitsForOther &= ~(1 << position);
            next();
        }

        private void next() {
            if (quorum.isHeld(position)) {
                return;
            }
            NodeId another = over ? null : nextOther(position);
            if (another != null) {
                ask(position, another);
            } else if ((waitsForOwner & 1 << position) == 0) {
                lose(position, true);
            }
        }
    }
}
