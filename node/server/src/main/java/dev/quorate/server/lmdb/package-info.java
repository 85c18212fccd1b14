/** Real storage: memory tables over LMDB behind the commit log. */
@NullMarked
package dev.quorate.server.lmdb;

import org.jspecify.annotations.NullMarked;
