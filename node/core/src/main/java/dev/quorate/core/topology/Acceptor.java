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
 * is durable, and knows nothing of who is a voter: that is for proposers to count. Confined to the event loop.
 */
final class Acceptor {
    private static final Bytes PROMISED = Bytes.utf8("ring-promised");
    private static final Bytes ACCEPTED = Bytes.utf8("ring-accepted");
    private static final int BALLOT_BYTES = Integer.BYTES + Long.BYTES + Integer.BYTES;

    private final RegisterRules rules;
    private final CurrentRing adopted;
    private final Storage storage;
    private final EventLoop loop;
    private final Metrics.Counter refusals;
    private Ballot promised = Ballot.NONE;
    private Ballot accepted = Ballot.NONE;
    private @Nullable RingState value;

    Acceptor(RegisterRules rules, CurrentRing adopted, Storage storage, EventLoop loop, Metrics metrics) {
        this.rules = rules;
        this.adopted = adopted;
        this.storage = storage;
        this.loop = loop;
        this.refusals = metrics.counter(
                "ring_ballots_refused_total", "Attempts to change the ring that this voter refused for a later one");
    }

    CompletionStage<Void> load() {
        return storage.get(Table.META, PROMISED)
                .thenAccept(bytes -> promised = bytes == null ? Ballot.NONE : ballot(bytes))
                .thenCompose(done -> storage.get(Table.META, ACCEPTED))
                .thenAccept(bytes -> {
                    if (bytes != null) {
                        accepted = ballot(bytes);
                        byte[] ring = Arrays.copyOfRange(bytes.unsafeArray(), BALLOT_BYTES, bytes.length());
                        value = RingCodec.decode(Bytes.owning(ring));
                    }
                });
    }

    Ballot promised() {
        return promised;
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
        if (isFull(answer)) {
            return;
        }
        promised = ballot;
        PeerReply promise = promise(known);
        store(WriteBatch.put(Table.META, PROMISED, bytes(ballot, Bytes.EMPTY)), () -> answer.accept(promise));
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
        if (isFull(answer)) {
            return;
        }
        promised = ballot;
        accepted = ballot;
        value = ring;
        WriteBatch batch = WriteBatch.put(Table.META, PROMISED, bytes(ballot, Bytes.EMPTY))
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
