/** A cluster of processes on this machine: its folder, its file, and processes told apart from recycled ids. */
@NullMarked
package dev.quorate.cli.local;

import org.jspecify.annotations.NullMarked;
