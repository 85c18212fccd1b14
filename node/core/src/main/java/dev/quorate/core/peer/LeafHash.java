package dev.quorate.core.peer;

/** What a node holds under one leaf of the hash tree. */
public record LeafHash(int leaf, long xor, int count) {}
