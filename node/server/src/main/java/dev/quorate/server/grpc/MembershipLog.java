package dev.quorate.server.grpc;

import dev.quorate.core.membership.MembershipListener;
import dev.quorate.core.membership.Verdict;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Heartbeat;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A line for whatever this node makes of the others. Changes are as rare as the troubles behind them: a probe every two seconds at most. */
public final class MembershipLog implements MembershipListener {
    private static final Logger LOG = LoggerFactory.getLogger(MembershipLog.class);

    @Override
    public void accuses(NodeId accused, long heartbeat) {
        LOG.warn(
                "{} answers neither this node nor others; its last heartbeat was {}",
                accused,
                Heartbeat.text(heartbeat));
    }

    @Override
    public void judged(NodeId member, Verdict before, Verdict now, List<NodeId> accusers) {
        switch (now) {
            case ALIVE, SHUTDOWN -> LOG.info("{} is {}, was {}", member, now, before);
            case LOCAL_UNREACHABLE -> LOG.warn("{} is {}, was {}", member, now, before);
            case DOWN -> LOG.warn("{} is DOWN, accused by {}, was {}", member, accusers, before);
        }
    }

    @Override
    public void rolledBack(long own, long known) {
        LOG.error(
                "others know this node up to heartbeat {}, and it has only reached {}: an older state of it was restored, or it runs"
                        + " twice. It takes a new boot number",
                Heartbeat.text(known),
                Heartbeat.text(own));
    }
}
