package dev.quorate.core.membership;

import dev.quorate.core.model.NodeId;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One member as a node sees it, for people.
 *
 * @param heartbeat see {@link dev.quorate.core.peer.Heartbeat}
 * @param age since the heartbeat last grew; null when it never did
 * @param accusers members whose accusation of it stands, this node perhaps among them
 * @param load 0 to 100, as it said itself
 */
public record MemberView(
        NodeId node,
        Verdict verdict,
        long heartbeat,
        @Nullable Duration age,
        List<NodeId> accusers,
        int load) {}
