package dev.quorate.core.membership;

import dev.quorate.core.peer.PeerCalls;
import dev.quorate.core.runtime.Clock;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.runtime.RandomSource;

/** What the parts of membership on one node share. */
record Setting(
        MemberTable members,
        MembershipConfig config,
        PeerCalls peers,
        Clock clock,
        RandomSource random,
        Metrics metrics,
        MembershipListener listener) {}
