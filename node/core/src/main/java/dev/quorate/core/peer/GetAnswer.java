package dev.quorate.core.peer;

import dev.quorate.core.version.VersionedObject;
import org.jspecify.annotations.Nullable;

/** A read that reached its quorum. {@code object} is null when no replica asked holds a record. */
public record GetAnswer(@Nullable VersionedObject object, Report report) {}
