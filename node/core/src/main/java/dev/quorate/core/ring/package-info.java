/**
 * Where a key lives.
 *
 * <p>The ring is the range of 64-bit numbers, cut into {@code 2^q} equal arcs, the slots. {@link
 * dev.quorate.core.ring.KeyHasher} places a key on it with a keyed hash, and {@link dev.quorate.core.ring.SlotTable} says
 * who owns each slot, in order of preference: a textbook virtual node is one (slot, node) pair, and a node has as many
 * of them as its weight is due. A table, rather than tokens drawn at random, because it can be exact: a join moves the
 * newcomer's share and nothing else, racks and hosts are constraints instead of luck, and a slot is one contiguous
 * range of the storage's keys, whoever owns it.
 *
 * <p>{@link dev.quorate.core.ring.SlotAllocator} computes tables, and what to move between two of them. {@link
 * dev.quorate.core.ring.PreferenceList} says who stands in for an owner. All of it is a pure function of its input, so
 * that every node computes the same.
 */
@NullMarked
package dev.quorate.core.ring;

import org.jspecify.annotations.NullMarked;
