/** Commands that make replicas equal, and show how equal they are. */
@NullMarked
package dev.quorate.cli.repair;

import org.jspecify.annotations.NullMarked;
