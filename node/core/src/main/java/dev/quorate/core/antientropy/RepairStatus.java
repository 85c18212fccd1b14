package dev.quorate.core.antientropy;

import dev.quorate.core.model.NodeId;
import java.util.List;

/**
 * How equal this node is to its peers, for people.
 *
 * @param recoveringSlots whose reads this node does not answer yet
 * @param suspectLeaves to be computed again
 * @param scrubbedLeaves of this round of the scrub
 * @param damagedRecords that the scrub of this process met
 */
public record RepairStatus(
        int recoveringSlots, int suspectLeaves, int scrubbedLeaves, long damagedRecords, List<Peer> peers) {
    /**
     * One peer with which this node shares slots.
     *
     * @param state in one word
     * @param lastCompleteMillisAgo -1 if no exchange was completed yet
     * @param keysLeft records that the exchange under way has still to compare
     * @param millisLeft estimated from its pace; -1 if unknown
     * @param pulled records fetched, over all exchanges of this process
     * @param pushed records sent
     * @param problem why the last exchange was not completed; empty if it was
     */
    public record Peer(
            NodeId node,
            State state,
            int sharedSlots,
            int recoveringSlots,
            long lastCompleteMillisAgo,
            int slotsDone,
            int slotsInExchange,
            long keysLeft,
            long millisLeft,
            long comparedKeys,
            long pulled,
            long pushed,
            long completedExchanges,
            String problem) {}

    /** What is going on with a peer. */
    public enum State {
        WAITING,
        EXCHANGING,
        UNREACHABLE
    }
}
