package dev.quorate.cli.faults;

import java.util.Comparator;

/**
 * What travels from one node to another, whichever of the two opened the connection: a request of the one, and its answers to requests of
 * the other.
 */
public record Direction(int from, int to) implements Comparable<Direction> {
    private static final Comparator<Direction> ORDER =
            Comparator.comparingInt(Direction::from).thenComparingInt(Direction::to);

    public Direction {
        if (from == to) {
            throw new IllegalArgumentException("n" + from + " has no link to itself");
        }
    }

    public Direction reversed() {
        return new Direction(to, from);
    }

    @Override
    public int compareTo(Direction other) {
        return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
        return "n" + from + "->n" + to;
    }
}
