package dev.quorate.core.replication;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.version.VersionedObject;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Answers to one read. Confined to the coordinator's event loop. */
final class ReadQuorum {
    /** What one replica holds; null when it holds no record. */
    record Answer(NodeId replica, @Nullable VersionedObject object) {}

    enum Decision {
        WAIT,
        /** Exactly once: enough have answered. */
        MET,
        /** A replica failed and another that was not asked yet can take its place. */
        ASK_ANOTHER,
        /** Exactly once: so many failed that the rest cannot make up for them. */
        OUT_OF_REACH
    }

    private final int replicas;
    private final int required;
    private final List<Answer> answers;
    private int asked;
    private int failures;
    private boolean settled;

    ReadQuorum(int replicas, int required) {
        this.replicas = replicas;
        this.required = required;
        this.answers = new ArrayList<>(replicas);
    }

    void asked() {
        asked++;
    }

    Decision answered(NodeId replica, @Nullable VersionedObject object) {
        answers.add(new Answer(replica, object));
        return decide();
    }

    Decision failed() {
        failures++;
        return decide();
    }

    List<Answer> answers() {
        return answers;
    }

    private Decision decide() {
        if (settled) {
            return Decision.WAIT;
        }
        if (answers.size() >= required) {
            settled = true;
            return Decision.MET;
        }
        if (replicas - failures < required) {
            settled = true;
            return Decision.OUT_OF_REACH;
        }
        boolean enoughAsked = asked - failures >= required;
        return enoughAsked ? Decision.WAIT : Decision.ASK_ANOTHER;
    }
}
