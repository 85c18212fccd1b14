package dev.quorate.server.grpc;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.ring.Member;
import dev.quorate.core.ring.NodeEntry;
import java.util.List;

/** The nodes of the ring with the addresses by which others reach them, ordered by id; those that are gone included. */
public record MemberDirectory(List<Entry> entries) {
    /** One node. */
    public record Entry(NodeEntry node, String client, String peer, String admin) {
        public NodeId id() {
            return node.id();
        }

        public Member placement() {
            return node.placement();
        }
    }

    public MemberDirectory {
        entries = List.copyOf(entries);
    }

    /** Those that take part. */
    public List<Entry> active() {
        return entries.stream()
                .filter(entry -> entry.node().status().isActive())
                .toList();
    }
}
