package dev.quorate.cli.key;

import dev.quorate.proto.kv.v1.Consistency;

/** Consistency levels in the words of the command line. */
enum Level {
    one(Consistency.CONSISTENCY_ONE),
    quorum(Consistency.CONSISTENCY_QUORUM),
    all(Consistency.CONSISTENCY_ALL);

    private final Consistency consistency;

    Level(Consistency consistency) {
        this.consistency = consistency;
    }

    Consistency consistency() {
        return consistency;
    }
}
