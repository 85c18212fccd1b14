/** The storage port, and typed views over it. */
@NullMarked
package dev.quorate.core.storage;

import org.jspecify.annotations.NullMarked;
