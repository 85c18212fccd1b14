package dev.quorate.core.topology;

import java.util.Collection;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Why the ring was not changed, as a value.
 *
 * @param details the numbers and names a person needs to act, keyed as the API publishes them
 */
public record Rejection(Reason reason, SortedMap<String, String> details) {
    /** The published reasons. Nothing was changed for any of them. */
    public enum Reason {
        /** Fewer than a majority of the voters answered in time. Clients are served all the same; only the ring cannot change. */
        NO_VOTER_MAJORITY,
        /** As many changes wait on this node as may. */
        OVERLOADED,
        /** A majority of the voters answered, and none of it knows the ring that this node has: disks were lost. Only a recovery helps. */
        VOTERS_FORGOT,
        /** There never was such a node. */
        NODE_UNKNOWN,
        /** The node left, or was removed. Its number is never used again. */
        NODE_GONE,
        /** Not to a node that has this status, or not with these values. */
        CHANGE_NOT_APPLICABLE,
        /** There is nothing to plan. */
        NOTHING_STAGED,
        /** The plan would do something else by now: make it again, look at it, and commit that one. */
        PLAN_STALE,
        /** No placement obeys the limits: fewer hosts would be left than a slot has owners, or labels contradict each other. */
        PLAN_IMPOSSIBLE,
        /**
         * A dead node's slots have too few other owners to be sure that no acknowledged write is missed, and the change was not staged as
         * unsafe. With W=1 there are always too few.
         */
        TOO_FEW_SURVIVORS,
        /** Without the nodes to be removed no majority of the voters would be left: first others have to vote in the place of some. */
        VOTERS_NEEDED,
        /** First these have to finish, or to be cancelled. */
        MOVES_UNDER_WAY,
        /** That hand-over is not under way in that attempt: it was finished, cancelled or begun again. */
        MOVE_NOT_UNDER_WAY,
        /** A dead owner is replaced: that is not undone. Replace its successor instead. */
        MOVE_NOT_CANCELLABLE,
        /** The node still owns slots, is still to receive some, or still is a voter. */
        NODE_NOT_DRAINED,
        /** The ring has as many slots as it may. */
        TOO_MANY_SLOTS,
        /** A majority of the voters answers: nothing has to be recovered. */
        VOTERS_PRESENT,
        /** The caller did not name what it is about to give up in the words that were asked for. */
        CONFIRMATION_WRONG
    }

    public Rejection {
        details = Collections.unmodifiableSortedMap(new TreeMap<>(details));
    }

    public static Rejection of(Reason reason) {
        return new Rejection(reason, new TreeMap<>());
    }

    /** Adds a detail. */
    public Rejection with(String name, Object value) {
        SortedMap<String, String> more = new TreeMap<>(details);
        more.put(name, String.valueOf(value));
        return new Rejection(reason, more);
    }

    /** Adds a list, joined by commas as the API publishes lists. */
    public Rejection with(String name, Collection<?> values) {
        return with(name, values.stream().map(String::valueOf).collect(Collectors.joining(",")));
    }

    @Override
    public String toString() {
        return reason + (details.isEmpty() ? "" : " " + details);
    }
}
