package dev.quorate.cli.key;

import dev.quorate.proto.kv.v1.Mode;

/** Who counts towards a quorum, in the words of the command line. */
enum QuorumMode {
    strict(Mode.MODE_STRICT),
    sloppy(Mode.MODE_SLOPPY);

    private final Mode mode;

    QuorumMode(Mode mode) {
        this.mode = mode;
    }

    Mode mode() {
        return mode;
    }
}
