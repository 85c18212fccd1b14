package dev.quorate.simulation;

import dev.quorate.core.NodeCore;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.ring.RingState;
import org.jspecify.annotations.Nullable;

/** One life of one node: from a start to a crash. What it holds in memory goes with it; the {@link SimDisk} stays. */
final class SimProcess {
    private final int machine;
    private final NodeId identity;
    private final long greetedBoot;
    private final SimEventLoop loop;
    private final SimStorage storage;
    private final Witness witness;
    private @Nullable NodeCore core;

    SimProcess(int machine, NodeId identity, long greetedBoot, SimEventLoop loop, SimStorage storage, Witness witness) {
        this.machine = machine;
        this.identity = identity;
        this.greetedBoot = greetedBoot;
        this.loop = loop;
        this.storage = storage;
        this.witness = witness;
    }

    void run(NodeCore started) {
        core = started;
    }

    NodeCore core() {
        NodeCore running = core;
        if (running == null) {
            throw new IllegalStateException("machine " + machine + " has no core yet");
        }
        return running;
    }

    /** The ring that its node uses. @param otherwise that of a process without a core, as tests make them */
    RingState ring(RingState otherwise) {
        NodeCore running = core;
        return running == null ? otherwise : running.ring().state();
    }

    /** Whether it takes the slot over now. */
    boolean receives(int slot) {
        NodeCore running = core;
        return running != null && running.transfers().receives(slot);
    }

    /** Where it runs, from 1: the number under which the others reach it. */
    int machine() {
        return machine;
    }

    /** The name under which the others reach it. */
    NodeId name() {
        return new NodeId(machine);
    }

    /** Who it thinks it is: {@link #name}, unless a mistake is being simulated. */
    NodeId identity() {
        return identity;
    }

    boolean isImpostor() {
        return identity.number() != machine;
    }

    /** What its streams said when they were opened. */
    long greetedBoot() {
        return greetedBoot;
    }

    SimEventLoop loop() {
        return loop;
    }

    SimStorage storage() {
        return storage;
    }

    void sent(PeerRequest request) {
        witness.sent(this, request);
    }

    void answered(PeerRequest request, PeerReply reply) {
        witness.answered(this, request, reply);
    }
}
