package dev.quorate.core.topology;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.peer.Ballot;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.ring.CurrentRing;
import dev.quorate.core.ring.RingCodec;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.ring.RingVersion;
import dev.quorate.core.runtime.EventLoop;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.runtime.Watched;
import dev.quorate.core.storage.Storage;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.WriteBatch;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A voter's memory: what it promised, and what it accepted. Every node has one, since any may become a voter. It answers when what it answers
 * is durable, and knows nothing of who is a voter: that is for proposers to count.
 *
 * <p>A founding member that finds no memory on its disk may be new, or may have lost it: its number is in its configuration, so a wiped node comes
 * back under it. It abstains until {@link VoteRecall} has settled which; a voter that forgot a promise would let two rings be agreed about. A node
 * that joined never comes back under its number without its disk. Confined to the event loop.
 */
final class Acceptor {
    private static final Bytes PROMISED = Bytes.utf8("ring-promised");
    private static final Bytes ACCEPTED = Bytes.utf8("ring-accepted");
    private static final byte SURE = 0;
    private static final byte FORGETFUL = 1;
    private static final int BALLOT_BYTES = Integer.BYTES + Long.BYTES + Integer.BYTES;

    private final RegisterRules rules;
    private final CurrentRing adopted;
    private final Storage storage;
    private final EventLoop loop;
    private final Metrics.Counter refusals;
    private Ballot promised = Ballot.NONE;
    private Ballot accepted = Ballot.NONE;
    private @Nullable RingState value;
    private byte written = FORGETFUL;
    private boolean forgetful;

    Acceptor(RegisterRules rules, CurrentRing adopted, Storage storage, EventLoop loop, Metrics metrics) {
        this.rules = rules;
        this.adopted = adopted;
        this.storage = storage;
        this.loop = loop;
        this.refusals = metrics.counter(
                "ring_ballots_refused_total", "Attempts to change the ring that this voter refused for a later one");
    }

    /** @param founder whether it could be back without its disk */
    CompletionStage<Void> load(boolean founder) {
        return storage.get(Table.META, PROMISED)
                .thenAccept(bytes -> {
                    forgetful = founder && rules.forgetfulVotersAbstain();
                    if (bytes != null) {
                        promised = ballot(bytes);
                        forgetful = bytes.at(BALLOT_BYTES) == FORGETFUL;
                    }
                })
                .thenCompose(done -> storage.get(Table.META, ACCEPTED))
                .thenAccept(bytes -> {
                    if (bytes != null) {
                        accepted = ballot(bytes);
                        byte[] ring = Arrays.copyOfRange(bytes.unsafeArray(), BALLOT_BYTES, bytes.length());
                        value = RingCodec.decode(Bytes.owning(ring));
                    }
                });
    }

    /** Whether it abstains. */
    boolean isForgetful() {
        return forgetful;
    }

    Ballot promised() {
        return promised;
    }

    void readAccepted(Consumer<PeerReply> answer) {
        answer.accept(
                forgetful
                        ? new PeerReply.Refused(PeerReply.Refusal.NOT_READY)
                        : new PeerReply.AcceptedVersion(acceptedVersion()));
    }

    /** Of what it accepted last; null for nothing. */
    @Nullable
    RingVersion acceptedVersion() {
        RingState ring = value;
        return ring == null ? null : ring.version();
    }

    void prepare(Ballot ballot, RingVersion known, Consumer<PeerReply> answer) {
        if (!rules.mayPromise(ballot.compareTo(promised))) {
            refuse(answer);
            return;
        }
        if (isFull(answer) || abstains(ballot, answer)) {
            return;
        }
        promised = ballot;
        PeerReply promise = promise(known);
        store(WriteBatch.put(Table.META, PROMISED, promisedBytes()), () -> answer.accept(promise));
    }

    /** Another voter has lost its memory. */
    void recall(Ballot ballot, Consumer<PeerReply> answer) {
        if (ballot.compareTo(promised) <= 0) {
            refuse(answer);
            return;
        }
        if (isFull(answer)) {
            return;
        }
        promised = ballot;
        PeerReply recalled =
                new PeerReply.VotesRecalled(accepted, value, adopted.state().version(), forgetful);
        store(WriteBatch.put(Table.META, PROMISED, promisedBytes()), () -> answer.accept(recalled));
    }

    /** What this voter has to go by from now on, of all that it may ever have promised and accepted. */
    void remember(Ballot outbidding, Ballot acceptedBallot, @Nullable RingState ring, Runnable then) {
        if (storage.refusal(Storage.WriteKind.REPLICA_MERGE) != null) {
            then.run();
            return;
        }
        promised = outbidding.compareTo(promised) > 0 ? outbidding : promised;
        accepted = acceptedBallot;
        value = ring;
        // What it promises before this is durable must not say on the disk that it forgot.
        written = SURE;
        WriteBatch batch = WriteBatch.put(Table.META, PROMISED, promisedBytes());
        if (ring != null) {
            batch.andPut(Table.META, ACCEPTED, bytes(accepted, RingCodec.encode(ring)));
        }
        store(batch, () -> {
            forgetful = false;
            then.run();
        });
    }

    /** In a new generation it has no past: whoever begins one knows that voters were lost. */
    private boolean abstains(Ballot ballot, Consumer<PeerReply> answer) {
        if (forgetful && ballot.generation() > adopted.state().version().generation()) {
            forgetful = false;
        }
        if (forgetful) {
            answer.accept(new PeerReply.Refused(PeerReply.Refusal.NOT_READY));
        }
        return forgetful;
    }

    private PeerReply promise(RingVersion known) {
        RingState ring = value;
        // Two values may have been accepted under one version, but only one of them was committed: if both sides have
        // that one, they
        // have the same.
        boolean asKnown = ring != null && ring.version().equals(known) && ring.equals(adopted.state());
        return new PeerReply.RingPromised(accepted, asKnown ? null : ring, asKnown);
    }

    void accept(Ballot ballot, RingState ring, Consumer<PeerReply> answer) {
        if (ballot.compareTo(promised) < 0) {
            refuse(answer);
            return;
        }
        if (isFull(answer) || abstains(ballot, answer)) {
            return;
        }
        promised = ballot;
        accepted = ballot;
        value = ring;
        WriteBatch batch = WriteBatch.put(Table.META, PROMISED, promisedBytes())
                .andPut(Table.META, ACCEPTED, bytes(ballot, RingCodec.encode(ring)));
        store(batch, () -> answer.accept(PeerReply.RingAccepted.INSTANCE));
    }

    private void refuse(Consumer<PeerReply> answer) {
        refusals.increment();
        answer.accept(new PeerReply.BallotRefused(promised));
    }

    private boolean isFull(Consumer<PeerReply> answer) {
        Storage.Refusal refusal = storage.refusal(Storage.WriteKind.REPLICA_MERGE);
        if (refusal == null) {
            return false;
        }
        answer.accept(new PeerReply.Refused(
                refusal == Storage.Refusal.STORAGE_FULL
                        ? PeerReply.Refusal.STORAGE_FULL
                        : PeerReply.Refusal.OVERLOADED));
        return true;
    }

    private void store(WriteBatch batch, Runnable answer) {
        CompletionStage<Storage.Durable> stored = storage.commit(batch);
        if (!rules.answersOnlyDurable()) {
            answer.run();
            return;
        }
        Watched.whenComplete(stored, loop, (durable, failure) -> {
            // After a failed sync nobody knows what the next process will read: silence is the only true answer.
            if (failure == null) {
                answer.run();
            }
        });
    }

    private Bytes promisedBytes() {
        return bytes(promised, Bytes.owning(new byte[] {forgetful ? written : SURE}));
    }

    private static Bytes bytes(Ballot ballot, Bytes rest) {
        ByteBuffer buffer = ByteBuffer.allocate(BALLOT_BYTES + rest.length())
                .putInt(ballot.generation())
                .putLong(ballot.round())
                .putInt(ballot.node());
        rest.putInto(buffer);
        return Bytes.owning(buffer.array());
    }

    private static Ballot ballot(Bytes bytes) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes.unsafeArray());
        return new Ballot(buffer.getInt(), buffer.getLong(), buffer.getInt());
    }
}
