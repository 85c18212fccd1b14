package dev.quorate.core.peer;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What one node can tell another about members, by ascending node number. */
public record GossipNews(List<Item> items) {
    public static final GossipNews NONE = new GossipNews(List.of());

    /**
     * About one member.
     *
     * @param announcement null when the receiver knows it already: then the member has only lived on
     */
    public record Item(int node, long heartbeat, @Nullable Announcement announcement) {}

    public boolean isEmpty() {
        return items.isEmpty();
    }
}
