/** kvctl: the command line of Quorate. */
@NullMarked
package dev.quorate.cli;

import org.jspecify.annotations.NullMarked;
