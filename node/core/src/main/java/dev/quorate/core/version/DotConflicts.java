package dev.quorate.core.version;

/**
 * Hears of one dot that names two writes. That cannot happen while boot numbers never repeat, so whoever listens counts it and
 * raises an alarm: a node was cloned, or its data was changed behind its back.
 */
@FunctionalInterface
public interface DotConflicts {
    void conflict(Sibling kept, Sibling dropped);
}
