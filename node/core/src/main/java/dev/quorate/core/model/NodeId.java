package dev.quorate.core.model;

/** A member's number in its ring; never reused. Written {@code n2}. */
public record NodeId(int number) implements Comparable<NodeId> {
    public NodeId {
        Check.argument(number > 0, "node number %d is not positive", number);
    }

    /** Reads {@code n2}. */
    public static NodeId parse(String text) {
        Check.argument(text.matches("n[1-9][0-9]{0,8}"), "'%s' is not a node id such as n2", text);
        return new NodeId(Integer.parseInt(text.substring(1)));
    }

    @Override
    public int compareTo(NodeId other) {
        return Integer.compare(number, other.number);
    }

    @Override
    public String toString() {
        return "n" + number;
    }
}
