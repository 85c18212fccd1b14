package dev.quorate.simulation;

/**
 * A promise that was not kept.
 *
 * @param invariant its number in the test plan, such as {@code I1}
 * @param key where; empty when it concerns no single key
 */
public record Violation(String invariant, String key, String text) {
    /** The core or the simulation itself threw: never an accepted way for a planted mistake to be caught. */
    public static final String DEFECT = "DEFECT";

    /** A healed cluster that does not serve. */
    public static final String AVAILABILITY = "I17";

    @Override
    public String toString() {
        return invariant + (key.isEmpty() ? "" : " " + key) + ": " + text;
    }
}
