/** Real processes on real sockets and disks. Whatever a test here starts has ended when the test ends, however it ends. */
@NullMarked
package dev.quorate.integration;

import org.jspecify.annotations.NullMarked;
