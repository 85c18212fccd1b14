/** Makes replicas equal again by comparing hash trees, and keeps what a node that lost its data must not answer yet. */
@NullMarked
package dev.quorate.core.antientropy;

import org.jspecify.annotations.NullMarked;
