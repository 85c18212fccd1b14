package dev.quorate.server.app;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.ring.NodeEntry;
import dev.quorate.core.ring.RingState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A line for what changes about nodes, and for the beginning and the end of moves; not for every move. */
final class RingLog {
    private static final Logger LOG = LoggerFactory.getLogger(RingLog.class);

    private final NodeId self;

    RingLog(NodeId self) {
        this.self = self;
    }

    void started(RingState ring) {
        NodeEntry entry = ring.node(self);
        LOG.info(
                "{} is {} in ring {}: owns {} of {} slots; {} nodes, voters {}, {} moves left",
                self,
                entry == null ? "unknown" : entry.status(),
                ring.version(),
                ring.table().slotsOf(self),
                ring.table().slots(),
                ring.active().size(),
                ring.voters(),
                ring.moves().size());
    }

    void changed(RingState before, RingState now) {
        for (NodeEntry entry : now.nodes().values()) {
            NodeEntry former = before.node(entry.id());
            if (former == null) {
                LOG.info(
                        "ring {}: {} is new, {}, at {}",
                        now.version(),
                        entry.id(),
                        entry.status(),
                        entry.peerAddress());
            } else if (former.status() != entry.status()) {
                LOG.info("ring {}: {} is {}, was {}", now.version(), entry.id(), entry.status(), former.status());
            }
        }
        if (now.version().generation() != before.version().generation()) {
            LOG.warn("ring {}: a recovery by an operator; voters are {}", now.version(), now.voters());
        }
        if (now.table().log2Slots() != before.table().log2Slots()) {
            LOG.info("ring {}: {} slots", now.version(), now.table().slots());
        }
        int left = now.moves().size();
        int were = before.moves().size();
        if (left > were) {
            LOG.info("ring {}: {} moves to do", now.version(), left);
        } else if (left == 0 && were > 0) {
            LOG.info(
                    "ring {}: all moves are done; {} owns {} slots",
                    now.version(),
                    self,
                    now.table().slotsOf(self));
        }
        NodeEntry own = now.node(self);
        NodeEntry former = before.node(self);
        boolean gone = own != null
                && !own.status().isActive()
                && former != null
                && former.status().isActive();
        if (gone) {
            LOG.warn(
                    "{} takes no part in the cluster any more: stop it, and let it join again with an empty directory",
                    self);
        }
    }
}
