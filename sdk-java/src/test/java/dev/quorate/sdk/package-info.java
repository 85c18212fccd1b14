@NullMarked
package dev.quorate.sdk;

import org.jspecify.annotations.NullMarked;
