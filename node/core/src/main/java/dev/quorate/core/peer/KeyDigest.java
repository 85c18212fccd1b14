package dev.quorate.core.peer;

import dev.quorate.core.model.KeyHash;

/** A record in a few bytes. */
public record KeyDigest(KeyHash hash, long digest) {}
