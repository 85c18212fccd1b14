package dev.quorate.core.peer;

import dev.quorate.core.version.CausalContext;
import dev.quorate.core.version.VersionedObject;
import org.jspecify.annotations.Nullable;

/**
 * A write that reached its quorum.
 *
 * @param context what the write superseded, and the write itself; with {@code object}, the object's whole context (rules.md A1)
 * @param object what the coordinator holds after the write; null unless siblings were asked for
 */
public record WriteAnswer(CausalContext context, @Nullable VersionedObject object, Report report) {}
