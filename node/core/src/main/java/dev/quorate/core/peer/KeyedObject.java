package dev.quorate.core.peer;

import dev.quorate.core.model.Key;
import dev.quorate.core.version.VersionedObject;

/** A record as replicas exchange it. */
public record KeyedObject(Key key, VersionedObject object) {}
