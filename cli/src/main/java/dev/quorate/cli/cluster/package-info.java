/** Commands that look at the cluster. */
@NullMarked
package dev.quorate.cli.cluster;

import org.jspecify.annotations.NullMarked;
