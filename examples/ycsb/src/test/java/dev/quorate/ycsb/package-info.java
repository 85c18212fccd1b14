@NullMarked
package dev.quorate.ycsb;

import org.jspecify.annotations.NullMarked;
