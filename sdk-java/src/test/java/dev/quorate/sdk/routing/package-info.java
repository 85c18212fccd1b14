@NullMarked
package dev.quorate.sdk.routing;

import org.jspecify.annotations.NullMarked;
