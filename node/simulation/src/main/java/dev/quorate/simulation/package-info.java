/**
 * Clusters of real cores on virtual time: a made-up network, disks, clocks and clients, faults, and a checker that
 * decides afterwards whether every promise was kept. A run is a function of its plan, so that a seed names it.
 */
@NullMarked
package dev.quorate.simulation;

import org.jspecify.annotations.NullMarked;
