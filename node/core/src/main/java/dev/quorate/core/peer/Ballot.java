package dev.quorate.core.peer;

import dev.quorate.core.model.Check;

/**
 * Numbers the attempts to change the ring. No two are equal, since each names who made it.
 *
 * @param generation of the ring; an attempt to recover it outbids everything of the former one
 * @param round grows with every attempt that a proposer makes or hears of
 * @param node who makes it; 0 only in {@link #NONE}
 */
public record Ballot(int generation, long round, int node) implements Comparable<Ballot> {
    /** Of what was never voted for. */
    public static final Ballot NONE = new Ballot(0, 0, 0);

    public Ballot {
        Check.argument(
                generation >= 0 && round >= 0 && node >= 0, "ballot of generation %d, round %d", generation, round);
    }

    @Override
    public int compareTo(Ballot other) {
        int byGeneration = Integer.compare(generation, other.generation);
        if (byGeneration != 0) {
            return byGeneration;
        }
        int byRound = Long.compare(round, other.round);
        return byRound != 0 ? byRound : Integer.compare(node, other.node);
    }
}
