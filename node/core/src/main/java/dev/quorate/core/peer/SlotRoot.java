package dev.quorate.core.peer;

/** The sum of a slot's leaves: equal on two nodes that hold the same records of it. */
public record SlotRoot(int slot, long xor, long count) {}
