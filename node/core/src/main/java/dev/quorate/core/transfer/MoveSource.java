package dev.quorate.core.transfer;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Handover;
import dev.quorate.core.peer.PeerCalls;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.ring.Move;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.runtime.DeadlineWheel;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.runtime.Watched;
import dev.quorate.core.storage.Lookup;
import dev.quorate.core.storage.Storage.Durable;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.WriteBatch;
import dev.quorate.core.version.VersionedObject;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One slot that this node hands over, as its old owner: copies, then forwards every change and copies once more, then asks that the new owner
 * takes its place in the row. Until it learns that this has happened, all reads and changes of that position pass through it, so that no
 * coordinator needs to know of the move (protocols.md 7.1, rules.md A12). Confined to the event loop.
 */
final class MoveSource {
    /** Changes that may wait for the receiver at a time. */
    static final int MAX_FORWARDS = 8192;

    /** Times that a change is sent when it cannot be acknowledged otherwise: longer than any client waits. */
    static final int MAX_SENDINGS = 100;

    private static final String FLIPPING_KEY = "flipping/";
    private static final Bytes FLIPPING_FIRST = Bytes.utf8(FLIPPING_KEY);
    private static final Bytes FLIPPING_END = Bytes.utf8("flipping0");
    private static final Duration PROXY_TIMEOUT = Duration.ofSeconds(2);

    /** Told of what others have to react to. */
    interface Listener {
        /** Whether changes of the slot have to be shown to this move, or reads to be proxied, has changed. */
        void changed(MoveSource source);
    }

    /** What the moves of a node share. */
    record Counters(
            Metrics.Counter begun,
            Metrics.Counter setBack,
            Metrics.Counter flips,
            Metrics.Counter handedOver,
            Metrics.Counter forwards,
            Metrics.Counter forwardsFailed,
            Metrics.Counter forwardsRefused,
            Metrics.Counter proxied) {
        static Counters of(Metrics metrics) {
            return new Counters(
                    metrics.counter("transfers_begun_total", "Times that a hand-over of a slot was begun"),
                    metrics.counter(
                            "transfers_set_back_total",
                            "Times that a hand-over had to begin again before it could end"),
                    metrics.counter("transfers_flips_asked_total", "Requests to put a new owner in its row"),
                    metrics.counter("transfers_handed_over_total", "Slots handed over to a new owner"),
                    metrics.counter("transfer_forwards_total", "Changes forwarded to a new owner before acknowledging"),
                    metrics.counter(
                            "transfer_forwards_failed_total",
                            "Forwarded changes that the new owner did not take in time"),
                    metrics.counter(
                            "transfer_forwards_refused_total",
                            "Changes never acknowledged because too many waited for a new owner, or too long"),
                    metrics.counter("transfer_reads_proxied_total", "Reads that a new owner answered for the old one"));
        }
    }

    /**
     * What a slot is marked with on the disk while it is flipping.
     *
     * @param doubted the disk had been lost before, so this may be so or not
     */
    record Flipping(int slot, Handover handover, boolean doubted) {
        static final Bytes FIRST = FLIPPING_FIRST;
        static final Bytes END = FLIPPING_END;

        static Flipping of(Bytes key, Bytes value) {
            ByteBuffer place = ByteBuffer.wrap(key.unsafeArray());
            ByteBuffer move = ByteBuffer.wrap(value.unsafeArray());
            return new Flipping(
                    place.getInt(FLIPPING_FIRST.length()),
                    new Handover(move.getLong(), move.getInt()),
                    move.get() != 0);
        }

        static Bytes key(int slot) {
            return Bytes.owning(ByteBuffer.allocate(FLIPPING_FIRST.length() + Integer.BYTES)
                    .put(FLIPPING_FIRST.unsafeArray())
                    .putInt(slot)
                    .array());
        }

        WriteBatch mark(WriteBatch batch) {
            byte[] move = ByteBuffer.allocate(Long.BYTES + Integer.BYTES + 1)
                    .putLong(handover.moveId())
                    .putInt(handover.attempt())
                    .put((byte) (doubted ? 1 : 0))
                    .array();
            return batch.andPut(Table.META, key(slot), Bytes.owning(move));
        }
    }

    private final Surroundings node;
    private final Counters counters;
    private final Listener listener;
    // In the order in which they were sent.
    private final Set<Forward> forwards = new LinkedHashSet<>();
    private Move move;
    private TransferStatus.State state = TransferStatus.State.WAITING;
    private SlotCopier.@Nullable Copy copy;
    private boolean beginning;
    private boolean everyKeySeen;
    // Answers that belong to an earlier round come too late.
    private int round;
    private long nextAt;
    // Whether a restart would find that it is flipping: before that, nobody may be asked to flip.
    private boolean marked;
    private boolean wantsBack;
    private boolean doubted;
    private long heardAt;
    private long keysBefore;
    private long bytesBefore;
    private String problem = "";

    MoveSource(Surroundings node, Counters counters, Move move, Listener listener) {
        this.node = node;
        this.counters = counters;
        this.move = move;
        this.listener = listener;
        this.nextAt = node.clock().nanos();
    }

    /**
     * After a restart that found the slot marked: it may have changed hands, so it goes on where it was.
     *
     * @param inDoubt the disk was lost, so it may have been marked or not, and the receiver may have everything or nothing: only the next attempt
     *     makes sure that the slot stays here
     */
    void resumeFlipping(boolean inDoubt) {
        state = TransferStatus.State.FLIPPING;
        marked = true;
        doubted = inDoubt;
        wantsBack = inDoubt;
        heardAt = node.clock().nanos();
        listener.changed(this);
    }

    /** The next restart is to know it as well. */
    void markDoubted(WriteBatch batch) {
        if (doubted) {
            new Flipping(slot(), handover(), true).mark(batch);
        }
    }

    Move move() {
        return move;
    }

    int slot() {
        return move.slot();
    }

    TransferStatus.State state() {
        return state;
    }

    Handover handover() {
        return new Handover(move.id(), move.attempt());
    }

    /** Whether it counts towards those that run at a time. */
    boolean isRunning() {
        return beginning
                || state == TransferStatus.State.SCAN
                || state == TransferStatus.State.SYNC
                || state == TransferStatus.State.FLIPPING;
    }

    boolean forwards() {
        return state == TransferStatus.State.SYNC
                || state == TransferStatus.State.FLIPPING
                || state == TransferStatus.State.GONE;
    }

    boolean proxiesReads() {
        return state == TransferStatus.State.FLIPPING && node.rules().proxiesReads();
    }

    /** Whether it may begin now, if there is room for it. */
    boolean isDue() {
        return state == TransferStatus.State.WAITING
                && !beginning
                && nextAt - node.clock().nanos() <= 0
                && node.peers().reachable(move.to())
                && !node.ownership().recovering(slot());
    }

    /** Goes on with what waits for its time. */
    void look() {
        if (state == TransferStatus.State.FLIPPING
                && marked
                && nextAt - node.clock().nanos() <= 0) {
            ask();
        }
    }

    void begin() {
        beginning = true;
        problem = "";
        counters.begun().increment();
        int now = ++round;
        call(new PeerRequest.MoveBegin(slot(), handover(), false), node.config().callTimeout(), (reply, failure) -> {
            if (now != round || state != TransferStatus.State.WAITING) {
                return;
            }
            beginning = false;
            if (reply instanceof PeerReply.MoveBegun) {
                scan();
            } else {
                if (isNoMove(reply)) {
                    node.news().fetchFrom(move.to());
                }
                postpone("the receiver does not begin: " + (reply == null ? failure : describe(reply)));
                if (isRefused(reply, PeerReply.Refusal.NOT_READY)) {
                    // It clears the slot first. Mostly there is nothing to clear, and it is ready by the next look.
                    nextAt = node.clock().nanos();
                }
            }
        });
    }

    private void scan() {
        state = TransferStatus.State.SCAN;
        listener.changed(this);
        copy(!everyKeySeen, () -> {
            everyKeySeen = true;
            sync();
        });
    }

    private void sync() {
        state = TransferStatus.State.SYNC;
        listener.changed(this);
        if (node.rules().comparesAfterSync()) {
            // Only now that every change is forwarded does a comparison say something that stays true.
            copy(false, this::flip);
        } else {
            flip();
        }
    }

    private void copy(boolean everyKey, Runnable then) {
        int now = ++round;
        endCopy();
        SlotCopier.Copy[] begun = new SlotCopier.Copy[1];
        begun[0] = node.copier().copy(move.to(), slot(), handover(), everyKey, copied -> {
            if (now != round) {
                return;
            }
            endCopy();
            if (copied.complete()) {
                then.run();
            } else {
                setBack(copied.problem());
            }
        });
        if (now == round) {
            copy = begun[0];
        }
    }

    private void endCopy() {
        SlotCopier.Copy ended = copy;
        copy = null;
        if (ended != null) {
            keysBefore += ended.keys();
            bytesBefore += ended.bytes();
            ended.cancel();
        }
    }

    private void flip() {
        RingState ring = node.ring().state();
        if (ring.paused() || node.ownership().recovering(slot())) {
            setBack(ring.paused() ? "paused" : "this node lost what it held");
            return;
        }
        // From here on the receiver may be the owner without this node knowing it.
        round++;
        state = TransferStatus.State.FLIPPING;
        problem = "";
        wantsBack = false;
        marked = !node.rules().persistsFlipping();
        heardAt = node.clock().nanos();
        nextAt = heardAt + node.config().retry().toNanos();
        listener.changed(this);
        if (marked) {
            ask();
            return;
        }
        int now = round;
        Watched.whenComplete(
                node.storage().commit(new Flipping(slot(), handover(), false).mark(new WriteBatch())),
                node.loop(),
                (durable, failure) -> {
                    if (failure == null && now == round && state == TransferStatus.State.FLIPPING) {
                        marked = true;
                        ask();
                    }
                });
    }

    /** Asks to end the move, or to begin it again if the receiver has not got it any more; and whether it has. */
    private void ask() {
        nextAt = node.clock().nanos() + node.config().retry().toNanos();
        Handover asked = handover();
        Consumer<Flips.Outcome> done = outcome -> {
            if (outcome != Flips.Outcome.COMMITTED && state == TransferStatus.State.FLIPPING) {
                problem = outcome == Flips.Outcome.STALE ? "the ring has changed" : "the ring cannot be changed now";
            }
        };
        if (wantsBack) {
            node.flips().again(move, done);
        } else {
            counters.flips().increment();
            node.flips().finish(move, done);
        }
        call(new PeerRequest.MoveBegin(slot(), asked, true), node.config().callTimeout(), (reply, failure) -> {
            if (state != TransferStatus.State.FLIPPING || !asked.equals(handover())) {
                return;
            }
            if (reply instanceof PeerReply.MoveBegun) {
                heardAt = node.clock().nanos();
            } else if (isNoMove(reply)) {
                receiverHasItNot();
            } else if (node.clock().nanos() - heardAt
                    > node.config().giveUpAfter().toNanos()) {
                problem = "the receiver does not answer";
                wantsBack = true;
            }
        });
    }

    /** That proves nothing about who owns the slot: only the ring does. */
    private void receiverHasItNot() {
        problem = "the receiver does not hold the move";
        wantsBack = true;
        node.news().fetchFrom(move.to());
    }

    /** Before the receiver can have taken over: this node goes on alone, and begins again later. */
    private void setBack(String why) {
        counters.setBack().increment();
        release(true);
        postpone(why);
    }

    private void postpone(String why) {
        round++;
        beginning = false;
        endCopy();
        problem = why;
        state = TransferStatus.State.WAITING;
        nextAt = node.clock().nanos() + node.config().retry().toNanos();
        listener.changed(this);
    }

    void pause() {
        if (beginning || state == TransferStatus.State.SCAN || state == TransferStatus.State.SYNC) {
            setBack("paused");
        }
    }

    /** Follows the ring. False when the move is over and there is nothing left to do for it. */
    boolean follow(RingState before, RingState now) {
        if (state == TransferStatus.State.GONE) {
            return !now.table().owns(node.self(), slot());
        }
        if (!now.table().owns(node.self(), slot())) {
            gone();
            return true;
        }
        if (now.isUnderWay(slot(), move.id(), move.attempt())) {
            if (now.paused()) {
                pause();
            }
            return true;
        }
        // Whoever lost the slot and got it back without seeing either knows nothing about what was acknowledged
        // meanwhile.
        boolean sameRow =
                before.table().slots() == now.table().slots() && before.rowEpoch(slot()) == now.rowEpoch(slot());
        if (state == TransferStatus.State.FLIPPING) {
            unmark();
        }
        release(sameRow);
        wantsBack = false;
        doubted = false;
        Move next = now.currentMove(slot());
        boolean again = next != null && next.id() == move.id() && next.from().equals(node.self());
        if (next != null && again) {
            move = next;
            everyKeySeen = false;
        }
        postpone("");
        return again;
    }

    /** There is no such slot any more. */
    void end() {
        if (state == TransferStatus.State.FLIPPING) {
            unmark();
        }
        release(false);
        postpone("");
    }

    private void gone() {
        counters.handedOver().increment();
        if (state == TransferStatus.State.FLIPPING) {
            unmark();
        }
        round++;
        beginning = false;
        endCopy();
        state = TransferStatus.State.GONE;
        problem = "";
        listener.changed(this);
    }

    private void unmark() {
        // If that is lost, the next start finds a mark of a move that the ring does not have.
        Watched.whenComplete(
                node.storage().commit(new WriteBatch().andDelete(Table.META, Flipping.key(slot()))),
                node.loop(),
                (durable, failure) -> {});
    }

    CompletionStage<Durable> changed(Key key, VersionedObject object, CompletionStage<Durable> durable) {
        if (state == TransferStatus.State.GONE) {
            return CompletableFuture.failedStage(new NotHandedOverException("the slot has another owner"));
        }
        if (forwards.size() >= MAX_FORWARDS) {
            counters.forwardsRefused().increment();
            if (state == TransferStatus.State.FLIPPING) {
                return CompletableFuture.failedStage(new NotHandedOverException("too many wait for the new owner"));
            }
            setBack("too many changes wait for the receiver");
            return durable;
        }
        counters.forwards().increment();
        Forward forward = new Forward(key, object, durable);
        if (!node.rules().waitsForReceiver()) {
            forward.over = true;
            forward.send();
            return durable;
        }
        forwards.add(forward);
        forward.send();
        return forward.both;
    }

    /** What is held already may be what an earlier change brought, which the receiver may not have. */
    CompletionStage<Durable> unchanged(KeyHash hash, CompletionStage<Durable> durable) {
        CompletableFuture<Durable> both = new CompletableFuture<>();
        node.records().read(hash, lookup -> {
            boolean mine = lookup instanceof Lookup.Found found
                    && node.ownership().owns(found.record().key(), hash);
            CompletionStage<Durable> stage = lookup instanceof Lookup.Found found && (mine || isGone())
                    ? changed(found.record().key(), found.record().object(), durable)
                    : durable;
            pass(stage, both);
        });
        return both;
    }

    private boolean isGone() {
        return state == TransferStatus.State.GONE;
    }

    private void pass(CompletionStage<Durable> stage, CompletableFuture<Durable> to) {
        Watched.whenComplete(stage, node.loop(), (done, failure) -> {
            if (failure != null) {
                to.completeExceptionally(failure);
            } else if (done != null) {
                to.complete(done);
            }
        });
    }

    /** Lets the receiver answer: this node may be the owner no more. */
    void read(Key key, Consumer<PeerReply> answer) {
        if (doubted) {
            answer.accept(new PeerReply.Refused(PeerReply.Refusal.NOT_READY));
            return;
        }
        counters.proxied().increment();
        Handover asked = handover();
        PeerRequest request = new PeerRequest.Read(key, null, PeerRequest.Keyed.ANY_ROW, asked);
        call(request, PROXY_TIMEOUT, (reply, failure) -> {
            if (reply instanceof PeerReply.ReadReply) {
                heardAt = node.clock().nanos();
                answer.accept(reply);
                return;
            }
            if (isNoMove(reply) && state == TransferStatus.State.FLIPPING && asked.equals(handover())) {
                receiverHasItNot();
            }
            answer.accept(new PeerReply.Refused(PeerReply.Refusal.NOT_READY));
        });
    }

    /** All that waits for the receiver waits no more. @param held whether this node may acknowledge it alone */
    private void release(boolean held) {
        List<Forward> waiting = new ArrayList<>(forwards);
        forwards.clear();
        for (Forward forward : waiting) {
            if (held) {
                forward.settle();
            } else {
                forward.fail("the slot had another owner meanwhile");
            }
        }
    }

    TransferStatus status() {
        SlotCopier.Copy now = copy;
        return new TransferStatus(
                slot(),
                move.id(),
                move.attempt(),
                move.from(),
                move.to(),
                state,
                keysBefore + (now == null ? 0 : now.keys()),
                bytesBefore + (now == null ? 0 : now.bytes()),
                now == null ? 0 : now.keysLeft(),
                now == null ? -1 : now.millisLeft(),
                problem);
    }

    private interface Reaction {
        void to(@Nullable PeerReply reply, PeerCalls.@Nullable CallFailure failure);
    }

    private void call(PeerRequest request, Duration timeout, Reaction reaction) {
        node.peers().call(move.to(), request, timeout, new PeerCalls.Waiter() {
            @Override
            public void answered(PeerReply reply) {
                reaction.to(reply, null);
            }

            @Override
            public void failed(PeerCalls.CallFailure failure) {
                reaction.to(null, failure);
            }
        });
    }

    private static boolean isNoMove(@Nullable PeerReply reply) {
        return isRefused(reply, PeerReply.Refusal.NO_MOVE);
    }

    private static boolean isRefused(@Nullable PeerReply reply, PeerReply.Refusal refusal) {
        return reply instanceof PeerReply.Refused refused && refused.refusal() == refusal;
    }

    private static String describe(PeerReply reply) {
        return reply instanceof PeerReply.Refused refused ? refused.refusal().toString() : "misunderstood";
    }

    /** One change that the receiver is to hold before it is acknowledged. */
    private final class Forward {
        private final Key key;
        private final VersionedObject object;
        private final CompletionStage<Durable> durable;
        private final CompletableFuture<Durable> both = new CompletableFuture<>();
        private final NodeId to = move.to();
        private final Handover handover = handover();
        private DeadlineWheel.Handle again = DeadlineWheel.Handle.NONE;
        private int sendings;
        private boolean over;

        Forward(Key key, VersionedObject object, CompletionStage<Durable> durable) {
            this.key = key;
            this.object = object;
            this.durable = durable;
        }

        void send() {
            sendings++;
            PeerRequest request = new PeerRequest.Replicate(
                    key,
                    object,
                    PeerRequest.Cause.CLIENT,
                    null,
                    PeerRequest.Replicate.NEVER,
                    PeerRequest.Keyed.ANY_ROW,
                    handover);
            node.peers().call(to, request, node.config().forwardTimeout(), new PeerCalls.Waiter() {
                @Override
                public void answered(PeerReply reply) {
                    if (over) {
                        return;
                    }
                    if (reply instanceof PeerReply.Replicated) {
                        heardAt = node.clock().nanos();
                        forwards.remove(Forward.this);
                        settle();
                    } else {
                        notTaken(isNoMove(reply), describe(reply));
                    }
                }

                @Override
                public void failed(PeerCalls.CallFailure failure) {
                    if (!over) {
                        notTaken(false, failure.toString());
                    }
                }
            });
        }

        private void notTaken(boolean noMove, String why) {
            counters.forwardsFailed().increment();
            boolean flipping = state == TransferStatus.State.FLIPPING || state == TransferStatus.State.GONE;
            if (node.rules().mayAcknowledgeAlone(flipping)) {
                if (flipping) {
                    forwards.remove(this);
                    settle();
                } else {
                    // Availability first: nobody has to wait for a receiver before it can be the owner.
                    setBack("the receiver does not take changes: " + why);
                }
                return;
            }
            if (noMove && state == TransferStatus.State.FLIPPING) {
                receiverHasItNot();
            }
            if (sendings >= MAX_SENDINGS || noMove && state == TransferStatus.State.GONE) {
                forwards.remove(this);
                counters.forwardsRefused().increment();
                fail("the new owner does not take it: " + why);
                return;
            }
            again = node.wheel().after(node.config().forwardTimeout(), () -> {
                if (!over) {
                    send();
                }
            });
        }

        /** As far as the receiver goes: it is acknowledged when it is on this node's disk. */
        void settle() {
            over = true;
            again.cancel();
            pass(durable, both);
        }

        void fail(String why) {
            over = true;
            again.cancel();
            both.completeExceptionally(new NotHandedOverException(why));
        }
    }
}
