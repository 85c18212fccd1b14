/** The one strict configuration file of a node, as typed and checked values. */
@NullMarked
package dev.quorate.server.config;

import org.jspecify.annotations.NullMarked;
