package dev.quorate.simulation;

import java.util.ArrayList;
import java.util.List;

/** What was found to be broken, and when. */
final class Findings {
    private final SimWorld world;
    private final List<Violation> violations = new ArrayList<>();

    Findings(SimWorld world) {
        this.world = world;
    }

    List<Violation> violations() {
        return violations;
    }

    /** @param key "" where it is about no key */
    void violated(String invariant, String key, String text) {
        violations.add(new Violation(invariant, key, text + " at " + world.now() / 1_000 + "us"));
    }
}
