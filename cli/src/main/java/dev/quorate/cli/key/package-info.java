/** Commands on keys. */
@NullMarked
package dev.quorate.cli.key;

import org.jspecify.annotations.NullMarked;
