package dev.quorate.core;

import dev.quorate.core.membership.MembershipListener;
import dev.quorate.core.peer.PeerTransport;
import dev.quorate.core.runtime.BootSource;
import dev.quorate.core.runtime.Clock;
import dev.quorate.core.runtime.EventLoop;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.runtime.RandomSource;
import dev.quorate.core.storage.Storage;
import dev.quorate.core.transfer.Flips;

/** Everything a node needs from the world: real in the server, made up in the simulation. */
public record NodeEnvironment(
        Clock clock,
        EventLoop loop,
        RandomSource random,
        Storage storage,
        PeerTransport transport,
        BootSource boots,
        Metrics metrics,
        MembershipListener members,
        Flips flips) {
    /** Of a node whose ring nobody changes. */
    public NodeEnvironment(
            Clock clock,
            EventLoop loop,
            RandomSource random,
            Storage storage,
            PeerTransport transport,
            BootSource boots,
            Metrics metrics,
            MembershipListener members) {
        this(clock, loop, random, storage, transport, boots, metrics, members, Flips.NONE);
    }
}
