/** What every command shares: options, streams, exit codes, tables and JSON. */
@NullMarked
package dev.quorate.cli.terminal;

import org.jspecify.annotations.NullMarked;
