/** Commands about what nodes keep for owners that are away. */
@NullMarked
package dev.quorate.cli.hints;

import org.jspecify.annotations.NullMarked;
