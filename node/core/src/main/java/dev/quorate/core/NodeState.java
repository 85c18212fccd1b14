package dev.quorate.core;

/** Where a node is in its life. */
public enum NodeState {
    /** Loading; answers nobody. */
    STARTING,
    READY,
    /** Finishes what it has begun, takes nothing new from clients, still serves peers. */
    DRAINING
}
