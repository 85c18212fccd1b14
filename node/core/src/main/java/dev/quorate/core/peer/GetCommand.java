package dev.quorate.core.peer;

import dev.quorate.core.model.Key;

/** A read to coordinate: {@code r} answers, {@code pr} of them from owners. Already checked against the bucket. */
public record GetCommand(Key key, int r, int pr, Mode mode) {}
