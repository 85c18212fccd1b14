package dev.quorate.core.replication;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.version.VersionedObject;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Answers to one read, by position of its row: an owner and a node that stands in for it count once together. Confined to the coordinator's
 * event loop.
 */
final class ReadQuorum {
    /** What one node holds; null when it holds no record. */
    record Answer(NodeId replica, int position, @Nullable VersionedObject object) {}

    enum Decision {
        WAIT,
        /** Exactly once: enough have answered. */
        MET,
        /** A node failed and another that was not asked yet can take its place. */
        ASK_ANOTHER,
        /** Exactly once: so many failed that the rest cannot make up for them. */
        OUT_OF_REACH
    }

    private final int required;
    private final int ownersRequired;
    private final List<Answer> answers;
    private int candidates;
    private int owners;
    private int asked;
    private int failures;
    // Bit by bit, a position each.
    private int answered;
    private int answeredByOwner;
    private boolean settled;

    /** @param owners that can be asked */
    ReadQuorum(int owners, int required, int ownersRequired) {
        this.owners = owners;
        this.candidates = owners;
        this.required = required;
        this.ownersRequired = ownersRequired;
        this.answers = new ArrayList<>(Math.max(owners, required));
    }

    /** A node that stands in for an owner can be asked as well. */
    void candidate() {
        candidates++;
    }

    void asked() {
        asked++;
    }

    /** @param asOwner false for a node that stands in */
    Decision answered(int position, NodeId replica, @Nullable VersionedObject object, boolean asOwner) {
        answers.add(new Answer(replica, position, object));
        answered |= 1 << position;
        if (asOwner) {
            answeredByOwner |= 1 << position;
        }
        return decide();
    }

    Decision failed(boolean owner) {
        failures++;
        if (owner) {
            owners--;
        }
        return decide();
    }

    boolean isAnswered(int position) {
        return (answered & 1 << position) != 0;
    }

    List<Answer> answers() {
        return answers;
    }

    int primaries() {
        return Integer.bitCount(answeredByOwner);
    }

    private Decision decide() {
        if (settled) {
            return Decision.WAIT;
        }
        int positions = Integer.bitCount(answered);
        if (positions >= required && primaries() >= ownersRequired) {
            settled = true;
            return Decision.MET;
        }
        if (candidates - failures < required || owners < ownersRequired) {
            settled = true;
            return Decision.OUT_OF_REACH;
        }
        boolean enoughAsked = asked - failures >= required;
        return enoughAsked ? Decision.WAIT : Decision.ASK_ANOTHER;
    }
}
