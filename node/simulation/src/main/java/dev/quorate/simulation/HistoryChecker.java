package dev.quorate.simulation;

import dev.quorate.simulation.History.Answer;
import dev.quorate.simulation.History.KeyHistory;
import dev.quorate.simulation.History.Outcome;
import dev.quorate.simulation.History.Write;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Decides from a {@link History} whether the store kept its promises. It knows nothing of the store: the same checker judges simulated
 * clusters and real processes. What it cannot judge from outside (I2, and what writes without a context replaced) it judges
 * where the history holds white box evidence, and leaves alone otherwise.
 *
 * <ul>
 *   <li>I1: the values left at the end are exactly the acknowledged writes that nothing superseded, and unknown ones that took effect
 *   <li>I2: the context of an answer covers nothing acknowledged that the answer neither shows nor supersedes
 *   <li>I3: every value read was written before, and no value of an answer is before another
 *   <li>I4: siblings are bounded by the writers that could be concurrent
 *   <li>I5: with R + W &gt; N, a read shows every write acknowledged before it began, or something after that
 *   <li>I6: a session reads its own writes, and what it writes supersedes what it was told before; where reads repair before they
 *       answer, a later one never shows less than an earlier one
 *   <li>I7: once all replicas are equal, each of them alone answers as all do together
 *   <li>I12: what a deletion had seen does not come back once that is acknowledged
 * </ul>
 *
 * I8 to I10 concern the inside of nodes: {@link Witness} checks them as they happen. I17 stands for a cluster that, once healed, does not
 * answer.
 */
public final class HistoryChecker {
    private final History history;
    private final List<Violation> violations = new ArrayList<>();

    private HistoryChecker(History history) {
        this.history = history;
    }

    /** Every promise that was not kept, in a fixed order. Call it when no operation is under way any more. */
    public static List<Violation> check(History history) {
        synchronized (history) {
            HistoryChecker checker = new HistoryChecker(history);
            history.keys().values().forEach(key -> checker.new OneKey(key).check());
            return checker.violations;
        }
    }

    private final class OneKey {
        private final KeyHistory key;
        /** Everything that some delete may have removed. */
        private final BitSet removable = new BitSet();

        OneKey(KeyHistory key) {
            this.key = key;
        }

        void check() {
            for (Write write : key.writes) {
                if (write.isDelete() && mayHaveHappened(write)) {
                    removable.or(write.past());
                }
            }
            key.removedByUnknownDeletes.values().forEach(removable::or);
            @Nullable Answer last = null;
            for (Answer answer : key.answers) {
                valuesWereWritten(answer);
                valuesAreConcurrent(answer);
                contextIsHonest(answer);
                sessionsAreOrdered(answer);
                if (answer.isRead()) {
                    siblingsAreBounded(answer);
                    acknowledgedIsVisible(answer);
                }
                if (answer.last) {
                    last = answer;
                }
            }
            key.writes.forEach(this::sessionGoesOn);
            if (history.monotonicReads()) {
                readsAreMonotonic();
            }
            if (last != null) {
                nothingIsLost(last);
                for (Answer answer : key.answers) {
                    if (answer.settled) {
                        agreesWithTheLast(answer, last);
                    }
                }
            }
        }

        /** An unknown write; from inside, one that left no trace did not happen. */
        private boolean mayHaveHappened(Write delete) {
            return switch (delete.outcome()) {
                case OK -> true;
                case NOTHING_WRITTEN -> false;
                case UNKNOWN ->
                    history.evidence() == History.Evidence.BLACK_BOX || !key.removedByUnknownDeletes.isEmpty();
            };
        }

        private void violated(String invariant, String text) {
            violations.add(new Violation(invariant, key.name, text));
        }

        /** I3, first half. */
        private void valuesWereWritten(Answer answer) {
            for (String stranger : answer.strangers) {
                violated("I3", "nobody wrote '" + stranger + "': " + answer);
            }
            for (Write value : answer.values) {
                if (value.invoked > answer.returned) {
                    violated("I3", value + " was read before it was written: " + answer);
                }
                if (value.outcome() == Outcome.NOTHING_WRITTEN) {
                    violated("I3", value + " was refused with nothing written, and read: " + answer);
                }
            }
        }

        /** I3, second half. */
        private void valuesAreConcurrent(Answer answer) {
            for (Write older : answer.values) {
                for (Write newer : answer.values) {
                    if (newer.isAfter(older)) {
                        violated("I3", "false siblings: " + newer + " superseded " + older + ": " + answer);
                    }
                }
            }
        }

        /** I2. */
        private void contextIsHonest(Answer answer) {
            BitSet covered = answer.covered;
            if (covered == null) {
                return;
            }
            BitSet unshown = (BitSet) covered.clone();
            for (Write value : answer.values) {
                unshown.clear(value.index);
                unshown.andNot(value.past());
            }
            unshown.andNot(removable);
            for (int i = unshown.nextSetBit(0); i >= 0; i = unshown.nextSetBit(i + 1)) {
                Write hidden = key.writes.get(i);
                if (hidden.outcome() == Outcome.OK && !hidden.isDelete()) {
                    violated("I2", "the context covers " + hidden + ", which the answer does not show: " + answer);
                }
            }
        }

        /** I4: one sibling per client, and one for each write that did not begin with an up-to-date read of its own. */
        private void siblingsAreBounded(Answer answer) {
            TreeSet<String> clients = new TreeSet<>();
            int others = 0;
            for (Write write : key.writes) {
                if (write.invoked > answer.returned || write.isDelete()) {
                    continue;
                }
                if (write.outcome() == Outcome.OK && write.intent.seen() != null) {
                    clients.add(write.intent.client());
                }
                boolean careful = write.outcome() == Outcome.OK && readItsOwnWrites(write);
                others += careful ? 0 : 1;
            }
            if (answer.values.size() > clients.size() + others) {
                violated(
                        "I4",
                        answer.values.size() + " siblings of " + clients.size() + " clients and " + others
                                + " other writes: " + answer);
            }
        }

        /** Whether a write's context had seen every earlier acknowledged write, and attempt, of the same client. */
        private boolean readItsOwnWrites(Write write) {
            if (write.intent.seen() == null) {
                return false;
            }
            for (Write earlier : key.writes) {
                if (earlier.intent.client().equals(write.intent.client())
                        && earlier.index < write.index
                        && earlier.outcome() == Outcome.OK
                        && !write.isAfter(earlier)) {
                    return false;
                }
            }
            return true;
        }

        /** I6, from what clients see: nothing stands beside a write that its session had seen before it. */
        private void sessionsAreOrdered(Answer answer) {
            for (Write newer : answer.values) {
                BitSet before = newer.sessionPast();
                for (Write older : answer.values) {
                    if (before != null && before.get(older.index)) {
                        violated("I6", newer + " stands beside " + older + ", which its session had seen: " + answer);
                    }
                }
            }
        }

        /** I6, from what clients send: a write of a session supersedes what the session had seen. */
        private void sessionGoesOn(Write write) {
            BitSet before = write.sessionPast();
            if (before == null) {
                return;
            }
            BitSet forgotten = (BitSet) before.clone();
            forgotten.andNot(write.past());
            for (int i = forgotten.nextSetBit(0); i >= 0; i = forgotten.nextSetBit(i + 1)) {
                violated("I6", write + " does not go on from " + key.writes.get(i) + ", which its session had seen");
            }
        }

        /** I6, with reads that repair before they answer: what one strict read has shown, each later one shows too. */
        private void readsAreMonotonic() {
            for (Answer later : key.answers) {
                BitSet shown = new BitSet();
                for (Write value : later.values) {
                    shown.set(value.index);
                    shown.or(value.past());
                }
                for (Answer earlier : key.answers) {
                    boolean meet = later.isRead()
                            && earlier.isRead()
                            && earlier.returned <= later.invoked
                            && earlier.r + later.r > history.replicas()
                            && nothingLostBetween(earlier, later);
                    for (Write value : meet ? earlier.values : List.<Write>of()) {
                        if (!shown.get(value.index)
                                && !removable.get(value.index)
                                && !blindWriteMayReplace(value, later)) {
                            violated("I6", value + " was read, and later is not there: " + earlier + ", " + later);
                        }
                    }
                }
            }
        }

        private boolean nothingLostBetween(Answer earlier, Answer later) {
            return !history.wasAnyRemoved(earlier.invoked, later.returned)
                    && key.destroyed.stream()
                            .noneMatch(loss -> loss.at() >= earlier.invoked && loss.at() <= later.returned);
        }

        /** I7 and I12: once all replicas are equal, each of them alone answers as all do together. */
        private void agreesWithTheLast(Answer answer, Answer last) {
            for (Write value : answer.values) {
                if (!last.values.contains(value)) {
                    boolean deleted = key.writes.stream()
                            .anyMatch(
                                    write -> write.isDelete() && write.outcome() == Outcome.OK && write.isAfter(value));
                    violated(deleted ? "I12" : "I7", value + " is at one replica only: " + answer + " after " + last);
                }
            }
            for (Write value : last.values) {
                if (!answer.values.contains(value)) {
                    violated("I7", value + " is not at every replica: " + answer + " after " + last);
                }
            }
        }

        /** I5; I12 for deletions; I6 for a client's own writes. */
        private void acknowledgedIsVisible(Answer answer) {
            BitSet shown = new BitSet();
            for (Write value : answer.values) {
                shown.set(value.index);
                shown.or(value.past());
            }
            for (Write write : key.writes) {
                boolean before = write.outcome() == Outcome.OK && write.returned() <= answer.invoked;
                if (!before || answer.r + ownersLeft(write, answer.returned) <= history.replicas()) {
                    continue;
                }
                if (write.isDelete()) {
                    for (Write value : answer.values) {
                        if (write.isAfter(value)) {
                            violated("I12", value + " came back after " + write + ": " + answer);
                        }
                    }
                } else if (!shown.get(write.index)
                        && !removable.get(write.index)
                        && !blindWriteMayReplace(write, answer)) {
                    violated("I5", write + " was acknowledged before, and is not shown: " + answer);
                    if (write.intent.client().equals(answer.client)) {
                        violated("I6", answer.client + " does not read its own " + write + ": " + answer);
                    }
                }
            }
        }

        /** How many of the W copies that were acknowledged are left, wherever. */
        private int copiesLeft(Write write, long now) {
            return write.intent.w() - copiesLost(write, now);
        }

        /** How many of the copies that owners acknowledged are left: strict reads rest on these. */
        private int ownersLeft(Write write, long now) {
            return write.byOwners() - copiesLost(write, now);
        }

        /** One made again does not count as lost if those consulted had to include another. */
        private int copiesLost(Write write, long now) {
            TreeSet<String> destroyed = new TreeSet<>();
            TreeSet<String> notMadeAgain = new TreeSet<>();
            for (History.Destroyed loss : history.losses(write)) {
                boolean itsCopy = loss.at() >= write.invoked
                        && loss.at() <= now
                        && (write.acknowledgedBy().contains(loss.node()) || inherited(write, loss))
                        && !loss.survivors().get(write.index);
                if (itsCopy) {
                    destroyed.add(loss.node());
                    // Those consulted are owners: what a stand-in still keeps they need not know.
                    if (loss.consulted() + write.byOwners() <= history.replicas()) {
                        notMadeAgain.add(loss.node());
                    }
                }
            }
            // With W copies gone nothing is promised: those consulted about one may have lost theirs.
            boolean allGone = destroyed.size() >= write.intent.w();
            return (allGone ? destroyed : notMadeAgain).size();
        }

        /** Whether the copy that was lost is one that a stand-in had acknowledged and then handed over. */
        private boolean inherited(Write write, History.Destroyed loss) {
            for (History.HandedOver move : key.handedOver) {
                if (move.to().equals(loss.node())
                        && move.at() >= write.invoked
                        && move.at() <= loss.at()
                        && write.acknowledgedBy().contains(move.from())) {
                    return true;
                }
            }
            return false;
        }

        /** Without white box evidence, a write without a context may have replaced whatever was begun before it ended. */
        private boolean blindWriteMayReplace(Write write, Answer answer) {
            for (Write blind : key.writes) {
                if (!blind.pastKnown()
                        && blind != write
                        && blind.outcome() != Outcome.NOTHING_WRITTEN
                        && blind.invoked <= answer.returned
                        && blind.returned() > write.invoked) {
                    return true;
                }
            }
            return false;
        }

        /** I1. */
        private void nothingIsLost(Answer last) {
            BitSet found = new BitSet();
            BitSet foundAndBefore = new BitSet();
            for (Write value : last.values) {
                found.set(value.index);
                foundAndBefore.set(value.index);
                foundAndBefore.or(value.past());
            }
            BitSet effective = new BitSet();
            for (Write write : key.writes) {
                boolean acknowledged = write.outcome() == Outcome.OK && copiesLeft(write, Long.MAX_VALUE) > 0;
                if (acknowledged || foundAndBefore.get(write.index)) {
                    effective.set(write.index);
                }
            }
            BitSet superseded = new BitSet();
            for (int i = effective.nextSetBit(0); i >= 0; i = effective.nextSetBit(i + 1)) {
                superseded.or(key.writes.get(i).past());
            }
            for (Write write : key.writes) {
                boolean expected = effective.get(write.index) && !superseded.get(write.index) && !write.isDelete();
                if (found.get(write.index) && superseded.get(write.index)) {
                    violated("I1", write + " was superseded and is there at the end: " + last);
                }
                if (expected
                        && !found.get(write.index)
                        && !removable.get(write.index)
                        && !blindWriteMayReplace(write, last)) {
                    violated("I1", "lost: " + write + " was acknowledged, nothing superseded it: " + last);
                }
            }
        }
    }
}
