package dev.quorate.server.grpc;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.ring.Member;
import java.util.List;

/** The members with the addresses by which others reach them, ordered by id. */
public record MemberDirectory(List<Entry> entries) {
    /** One member. */
    public record Entry(Member placement, String client, String peer, String admin) {
        public NodeId id() {
            return placement.id();
        }
    }

    public MemberDirectory {
        entries = List.copyOf(entries);
    }
}
