package dev.quorate.core.membership;

import dev.quorate.core.peer.Announcement;
import dev.quorate.core.peer.GossipDigest;
import dev.quorate.core.peer.GossipNews;
import dev.quorate.core.peer.Heartbeat;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one node knows of all members: for each the greatest heartbeat and the latest announcement it has heard. Both only grow, so
 * views merge in any order, any number of times, to the same.
 *
 * <p>Who knows a heartbeat knows what its member announced up to then. That is why a heartbeat alone is enough for a receiver whose
 * own is past the announcement, and why a new life is never taken without its announcement.
 */
final class ClusterView {
    /** What a piece of news changed. */
    enum Change {
        NOTHING,
        LIVED_ON,
        ANNOUNCED,
        /** A heartbeat of a life whose announcement is missing: nothing changed. */
        LACKS_ANNOUNCEMENT
    }

    private int[] nodes;
    private long[] heartbeats;
    private Announcement[] announcements;

    /** @param nodes ascending node numbers; not copied */
    ClusterView(int[] nodes) {
        this.nodes = nodes;
        this.heartbeats = new long[nodes.length];
        this.announcements = new Announcement[nodes.length];
        Arrays.fill(announcements, Announcement.NONE);
    }

    int size() {
        return nodes.length;
    }

    /** Members have been added behind the others. @param more ascending node numbers; not copied */
    void follow(int[] more) {
        int before = nodes.length;
        nodes = more;
        heartbeats = Arrays.copyOf(heartbeats, more.length);
        announcements = Arrays.copyOf(announcements, more.length);
        Arrays.fill(announcements, before, more.length, Announcement.NONE);
    }

    long heartbeat(int index) {
        return heartbeats[index];
    }

    Announcement announcement(int index) {
        return announcements[index];
    }

    /** What this node says of itself; and in tests, what others said. */
    void say(int index, long heartbeat, Announcement announcement) {
        heartbeats[index] = heartbeat;
        announcements[index] = announcement;
    }

    /** Takes what is later. */
    Change merge(int index, long heartbeat, @Nullable Announcement announcement) {
        if (announcement == null) {
            if (heartbeat <= heartbeats[index]) {
                return Change.NOTHING;
            }
            if (Heartbeat.startNo(heartbeat) != Heartbeat.startNo(heartbeats[index])) {
                return Change.LACKS_ANNOUNCEMENT;
            }
            heartbeats[index] = heartbeat;
            return Change.LIVED_ON;
        }
        boolean livedOn = heartbeat > heartbeats[index];
        heartbeats[index] = Math.max(heartbeats[index], heartbeat);
        if (announcement.isLaterThan(announcements[index])) {
            announcements[index] = announcement;
            return Change.ANNOUNCED;
        }
        return livedOn ? Change.LIVED_ON : Change.NOTHING;
    }

    GossipDigest digest() {
        long[] since = new long[nodes.length];
        for (int i = 0; i < nodes.length; i++) {
            since[i] = announcements[i].since();
        }
        return new GossipDigest(nodes, heartbeats.clone(), since);
    }

    /** Whether a heartbeat of the other's alone would tell this view all there is. */
    boolean isEnough(int index, long theirHeartbeat, long theirSince) {
        return theirHeartbeat > heartbeats[index] && theirSince <= heartbeats[index];
    }

    /** What this view can tell about a member to who knows it up to {@code theirs}; null when that is nothing. */
    GossipNews.@Nullable Item newsOf(int index, long theirs) {
        if (heartbeats[index] <= theirs) {
            return null;
        }
        Announcement announcement = announcements[index];
        return new GossipNews.Item(
                nodes[index], heartbeats[index], announcement.since() > theirs ? announcement : null);
    }

    /** All that this view can tell about these members, in order of number. */
    GossipNews newsOf(List<Integer> indexes) {
        List<GossipNews.Item> items = new ArrayList<>(indexes.size());
        for (int index : indexes) {
            GossipNews.Item item = newsOf(index, Heartbeat.NEVER);
            if (item != null) {
                items.add(item);
            }
        }
        return new GossipNews(items);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ClusterView view
                && Arrays.equals(nodes, view.nodes)
                && Arrays.equals(heartbeats, view.heartbeats)
                && Arrays.equals(announcements, view.announcements);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(heartbeats);
    }

    @Override
    public String toString() {
        return digest().toString();
    }
}
