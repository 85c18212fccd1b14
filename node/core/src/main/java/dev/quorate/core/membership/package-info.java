/** Who is a member, who lives, and who can be reached: gossip, failure detection, and what follows for requests. */
@NullMarked
package dev.quorate.core.membership;

import org.jspecify.annotations.NullMarked;
