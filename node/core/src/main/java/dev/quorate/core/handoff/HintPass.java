package dev.quorate.core.handoff;

import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.PeerCalls;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.runtime.HybridClock;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.runtime.Watched;
import dev.quorate.core.storage.HintTable;
import dev.quorate.core.storage.Lookup;
import dev.quorate.core.storage.Storage.Durable;
import dev.quorate.core.storage.Storage.WriteKind;
import dev.quorate.core.version.Hint;
import dev.quorate.core.version.StoredRecord;
import dev.quorate.core.version.VersionedObject;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One walk over the hints for one owner, from the first hash to the last, page by page. What changes meanwhile, the next walk finds. Confined to
 * the event loop.
 */
final class HintPass {
    enum Purpose {
        /** Hand the objects to the owner. */
        DELIVER,
        /** Make them hints for others: the owner is not coming back soon, or this node is the owner by now. */
        GIVE_UP,
        /** Forget them. */
        PURGE
    }

    static final Duration CALL_TIMEOUT = Duration.ofSeconds(5);
    static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);
    private static final Duration BUSY_PAUSE = Duration.ofMillis(200);
    private static final int PAGE = 256;

    /** In a row. */
    private static final int MOST_NOT_READY = 64;

    private final Handoff.Work work;
    private final NodeId owner;
    private final Purpose purpose;
    private final Consumer<HintPass> over;
    private @Nullable KeyHash cursor;
    private boolean lastPage;
    private long expiresAt;
    private long bytesLeft;
    private int underWay;
    private int notReady;
    private boolean paused;
    private boolean filling;
    private boolean stopped;
    private long done;
    private long oldestLeft;
    private String problem = "";

    /** @param over told once, when nothing is under way any more */
    HintPass(Handoff.Work work, NodeId owner, Purpose purpose, Consumer<HintPass> over) {
        this.work = work;
        this.owner = owner;
        this.purpose = purpose;
        this.over = over;
        // What comes while this walks is younger, and need not be met.
        this.oldestLeft = work.hybridClock().last();
    }

    NodeId owner() {
        return owner;
    }

    Purpose purpose() {
        return purpose;
    }

    /** Nothing older waits, if this reached its end. */
    long oldestLeft() {
        return oldestLeft;
    }

    long done() {
        return done;
    }

    /** Why it ended before its end; empty if it did not. */
    String problem() {
        return problem;
    }

    String describe() {
        return switch (purpose) {
            case DELIVER -> "hands over, " + done + " done";
            case GIVE_UP -> "gives to other owners, " + done + " done";
            case PURGE -> "purges, " + done + " done";
        };
    }

    void start() {
        next();
    }

    /** Ends as soon as what is under way has ended. */
    void stop(String why) {
        if (!stopped) {
            stopped = true;
            problem = why;
        }
    }

    private void next() {
        if (stopped || lastPage) {
            over.accept(this);
            return;
        }
        switch (purpose) {
            case DELIVER -> askForCredits();
            case GIVE_UP, PURGE -> {
                bytesLeft = Long.MAX_VALUE;
                // By way of the loop: others get their turn, and a long walk does not become a deep stack.
                work.loop().execute(() -> readPage(PAGE));
            }
        }
    }

    private void askForCredits() {
        // Reading, sending and forgetting a hint costs this node as much as taking it costs the other. Only a pause:
        // however busy it is, it
        // comes to an end.
        if (!paused && work.lag().average().compareTo(IntakeRate.BUSY_LAG) > 0) {
            paused = true;
            work.counters().paused().increment();
            work.wheel().after(BUSY_PAUSE, this::next);
            return;
        }
        paused = false;
        HintTable.Backlog backlog = work.replicas().hints().backlog(owner);
        int keys = (int) Math.max(1, Math.min(Integer.MAX_VALUE, backlog.keys()));
        PeerRequest.AskHintCredits request = new PeerRequest.AskHintCredits(keys, Math.max(1, backlog.bytes()));
        work.peers().call(owner, request, CALL_TIMEOUT, new PeerCalls.Waiter() {
            @Override
            public void answered(PeerReply reply) {
                if (!(reply instanceof PeerReply.HintCredits credits)) {
                    stop("the owner refuses: " + reply);
                    next();
                } else if (credits.keys() > 0) {
                    expiresAt = credits.expiresAt();
                    bytesLeft = credits.bytes();
                    readPage(credits.keys());
                } else {
                    Duration pause =
                            credits.retryAfter().compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : credits.retryAfter();
                    work.wheel().after(pause, HintPass.this::next);
                }
            }

            @Override
            public void failed(PeerCalls.CallFailure failure) {
                stop("the owner does not answer: " + failure);
                next();
            }
        });
    }

    private void readPage(int most) {
        Watched.whenComplete(work.replicas().hints().page(owner, cursor, most), work.loop(), (page, failure) -> {
            if (page == null) {
                stop("the hints cannot be read: " + failure);
                next();
                return;
            }
            filling = true;
            KeyHash last = null;
            for (KeyHash hash : page.hashes()) {
                if (stopped || bytesLeft <= 0) {
                    break;
                }
                last = hash;
                underWay++;
                begin(hash);
            }
            filling = false;
            boolean all = page.hashes().isEmpty()
                    || page.hashes().get(page.hashes().size() - 1).equals(last);
            if (all) {
                lastPage = page.last() == null;
                cursor = page.last();
            } else {
                cursor = last == null ? cursor : last;
            }
            if (underWay == 0) {
                next();
            }
        });
    }

    private void ended() {
        underWay--;
        if (underWay == 0 && !filling) {
            next();
        }
    }

    private void begin(KeyHash hash) {
        if (purpose == Purpose.DELIVER) {
            work.replicas().read(hash, lookup -> deliver(hash, lookup));
        } else {
            decide(hash, this::giveUpOrPurge);
        }
    }

    private void deliver(KeyHash hash, Lookup lookup) {
        StoredRecord record = lookup instanceof Lookup.Found found ? found.record() : null;
        if (record == null || record.hintFor(owner) == null) {
            decide(hash, this::drop);
            return;
        }
        List<NodeId> row = work.rows().owners(record.key(), hash);
        if (!row.contains(owner)) {
            decide(hash, this::giveUpOrPurge);
            return;
        }
        bytesLeft -= record.size();
        VersionedObject sent = record.object();
        PeerRequest request = new PeerRequest.Replicate(
                record.key(), sent, PeerRequest.Cause.HINT, null, expiresAt, PeerRequest.Keyed.ANY_ROW);
        work.peers().call(owner, request, CALL_TIMEOUT, new PeerCalls.Waiter() {
            @Override
            public void answered(PeerReply reply) {
                if (reply instanceof PeerReply.Replicated) {
                    notReady = 0;
                    decide(record.key(), hash, held -> delivered(hash, held, sent));
                    return;
                }
                work.counters().failed().increment();
                if (!concernsThisKeyOnly(reply)) {
                    stop("the owner refuses: " + reply);
                }
                ended();
            }

            @Override
            public void failed(PeerCalls.CallFailure failure) {
                work.counters().failed().increment();
                stop("the owner does not answer: " + failure);
                ended();
            }
        });
        if (!work.rules().waitsForAcknowledgement()) {
            underWay++;
            decide(record.key(), hash, held -> delivered(hash, held, sent));
        }
    }

    /** One slot of the owner's may take nothing yet, while all others do; if it is every key of many, it is the owner. */
    private boolean concernsThisKeyOnly(PeerReply reply) {
        if (!(reply instanceof PeerReply.Refused refused)) {
            return false;
        }
        return switch (refused.refusal()) {
            case CORRUPT, NOT_OWNER -> true;
            case NOT_READY -> ++notReady < MOST_NOT_READY;
            default -> false;
        };
    }

    private interface Decision {
        void of(KeyHash hash, Lookup held);
    }

    /** Decides about a hint alone for its key, then ends it. */
    private void decide(KeyHash hash, Decision decision) {
        boolean accepted = work.replicas().update(hash, lookup -> {
            decision.of(hash, lookup);
            ended();
        });
        if (!accepted) {
            // Not looked at, so it may be as old as it likes.
            oldestLeft = Long.MIN_VALUE;
            ended();
        }
    }

    private void decide(Key key, KeyHash hash, Consumer<StoredRecord> decision) {
        boolean accepted = work.replicas().update(key, hash, lookup -> {
            if (lookup instanceof Lookup.Found found && found.record().hintFor(owner) != null) {
                decision.accept(found.record());
            }
            ended();
        });
        if (!accepted) {
            ended();
        }
    }

    /** The owner holds what was sent. If the record moved on meanwhile it does not hold that: the next pass sends it (rules.md A8). */
    private void delivered(KeyHash hash, StoredRecord held, VersionedObject sent) {
        if (work.rules().delivered(sent, held.object())) {
            keepWithout(hash, held, held.withoutHint(owner), work.counters().delivered());
        } else {
            work.counters().sentAgain().increment();
        }
    }

    /** Something is in the index and not in the record. */
    private void drop(KeyHash hash, Lookup lookup) {
        if (storageTakesNothing()) {
            return;
        }
        if (lookup instanceof Lookup.Damaged) {
            if (work.rows().mayOwn(hash)) {
                // It is made again from other owners when somebody reads it; the hint is then dropped here.
                return;
            }
            count(work.replicas().replaceDamaged(hash, null), work.counters().lost());
        } else if (lookup instanceof Lookup.Found found && found.record().hintFor(owner) != null) {
            return;
        }
        count(work.replicas().hints().forget(owner, hash), null);
    }

    private void giveUpOrPurge(KeyHash hash, Lookup lookup) {
        StoredRecord held = lookup instanceof Lookup.Found found ? found.record() : null;
        Hint hint = held == null ? null : held.hintFor(owner);
        if (held == null || hint == null) {
            drop(hash, lookup);
            return;
        }
        StoredRecord without = held.withoutHint(owner);
        if (purpose == Purpose.PURGE) {
            keepWithout(hash, held, without, work.counters().purged());
            return;
        }
        List<NodeId> row = work.rows().owners(held.key(), hash);
        boolean inTime =
                hint.since() >= oldest() && row.contains(owner) && !work.rows().isLeaving();
        if (row.isEmpty() || inTime && !owner.equals(work.self())) {
            oldestLeft = Math.min(oldestLeft, hint.since());
            return;
        }
        StoredRecord rerouted = without;
        // An owner may do without a hint: comparing replicas finds it. Anybody else keeps the record until all others
        // of
        // the row have it: this copy may be one of the W that an acknowledgement counted, and must not be merged into
        // another of them.
        boolean needsAnother = !row.contains(work.self());
        for (NodeId member : row) {
            if (needsAnother && !member.equals(owner)) {
                rerouted = rerouted.withHint(member, work.hybridClock().last());
            }
        }
        if (!needsAnother || !rerouted.hints().isEmpty()) {
            keepWithout(hash, held, rerouted, work.counters().rerouted());
        } else {
            oldestLeft = Math.min(oldestLeft, hint.since());
        }
    }

    private long oldest() {
        return work.hybridClock().last()
                - HybridClock.ofMillis(work.config().window().toMillis());
    }

    /** Stores the record as it is without the hint; not at all, if it was here for that hint only. */
    private void keepWithout(KeyHash hash, StoredRecord held, StoredRecord without, Metrics.Counter counter) {
        if (storageTakesNothing()) {
            return;
        }
        boolean stays = work.rows().owners(held.key(), hash).contains(work.self())
                || work.rows().receives(held.key(), hash);
        boolean forOthersOnly = without.hints().isEmpty() && !stays;
        count(
                forOthersOnly
                        ? work.replicas().remove(hash, held)
                        : work.replicas().commit(hash, held, without),
                counter);
        done++;
    }

    private boolean storageTakesNothing() {
        boolean nothing = work.storage().refusal(WriteKind.CLIENT_DELETE) != null;
        if (nothing) {
            stop("this node's storage takes no writes");
        }
        return nothing;
    }

    private static void count(CompletionStage<Durable> durable, Metrics.@Nullable Counter counter) {
        // A failed log ends the process.
        durable.whenComplete((synced, failure) -> {
            if (failure == null && counter != null) {
                counter.increment();
            }
        });
    }
}
