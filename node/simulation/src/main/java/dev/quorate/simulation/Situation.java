package dev.quorate.simulation;

/** What must happen now and then in a long run: a simulation that never gets there proves nothing about it. */
public enum Situation {
    READ_HEDGED("reads that asked one more owner after a silence"),
    READ_REPAIR_PUSHED("stale replicas sent the merged object after a read"),
    THREE_SIBLINGS_READ("reads that returned three siblings or more"),
    CRASH_WITH_UNSYNCED_DATA("crashes that lost batches not yet synced"),
    CRASH_KEPT_PART_OF_THE_TAIL("crashes that kept some of the unsynced batches and lost others"),
    COORDINATOR_DIED_AFTER_W_ACKS("coordinators that crashed with the acknowledgement on its way to the client"),
    DUPLICATE_DELIVERED("messages delivered twice"),
    ANSWER_ON_A_DEAD_LINK("answers that arrived after their link had broken"),
    APPLIED_BUT_REPORTED_FAILED("requests carried out whose link broke before the answer"),
    NO_OP_WAITED_FOR_BARRIER("merges that changed nothing while something was not yet synced"),
    UPDATE_QUEUED_BEHIND_READ("updates that waited behind a read of the same key"),
    COLD_READ("storage reads that completed late"),
    RETRY_JOINED_ITS_FIRST_ATTEMPT("retried writes that joined, or were answered by, their first attempt"),
    RETRY_DRIVEN_AGAIN("retried writes whose failed first attempt was replicated again"),
    RETRY_AT_ANOTHER_NODE("retried writes sent to another node"),
    BOOT_RENEWED("new boot numbers taken because a dot was known already"),
    FORWARDED("operations handed to an owner"),
    DAMAGED_RECORD_MET("reads that met a record with a bad checksum"),
    DAMAGED_RECORD_RESCUED("damaged records replaced by what other owners hold"),
    REPLICA_CAUGHT_UP_BY_EXCHANGE("records that an exchange of hash trees brought to a replica"),
    SUSPECT_LEAF_REBUILT("leaves computed again because a damaged record had been replaced"),
    BLIND_WRITE_SUPERSEDED("writes without a context that superseded what their coordinator held"),
    STALE_CONTEXT_USED("writes with a context that was not the newest"),
    DELETE_ACKNOWLEDGED("deletes acknowledged"),
    WRITE_UNKNOWN("writes whose outcome the client never learnt"),
    WRITE_REFUSED("writes refused with nothing written"),
    TOO_MANY_SIBLINGS("writes refused because the key held too many siblings"),
    PAUSED_WITH_WORK("nodes stopped while clients waited for them"),
    READ_WITH_STAND_INS("reads answered by fewer owners than were asked for, and by stand-ins"),
    WRITE_WITH_STAND_INS("writes acknowledged by nodes that stood in for owners"),
    HINT_KEPT("hints kept for an owner that was away"),
    HINT_DELIVERED("hints handed to their owner"),
    HINT_REROUTED("hints for nodes that lost the slot, given to those who have it"),
    HINT_DROPPED_BY_A_MEMBER("hints dropped by a member of the row before they were delivered"),
    AWAY_FOR_A_MINUTE("machines down for a minute or more"),
    CUT_FOR_A_MINUTE("partitions of a minute or more"),
    PAUSED_FOR_A_MINUTE("processes stopped for a minute or more"),
    OLD_DISK_CAME_BACK("starts on a disk that lacked what the node had acknowledged"),
    SERVED_WITHOUT_THE_LOST("writes acknowledged in time while a minority was lost for good"),
    WRITTEN_OVER_A_DELETION("values written by a client that had seen a deletion"),
    REPAIRED_AFTER_HEALING("replicas brought up to date after all faults had ended"),
    MEMBER_ACCUSED("members accused by a node that probed them in vain"),
    MEMBER_DOWN("members held to be DOWN by a node"),
    DOWN_REFUTED("members that were DOWN and turned out to live"),
    ROLL_BACK_NOTICED("nodes that others knew by a later state than they had"),
    RING_CHANGED("changes of the ring that an operator saw committed"),
    RING_VERSIONS("rings agreed about after the first"),
    SLOT_HANDED_OVER("slots handed over to a new owner by the old one"),
    SLOT_TAKEN_OVER("slots made again in a dead owner's place"),
    FORWARDED_TO_NEW_OWNER("changes forwarded to a new owner before they were acknowledged"),
    READ_FROM_NEW_OWNER("reads that a new owner answered for the old one"),
    HANDOVER_SET_BACK("hand-overs that had to begin again"),
    STALE_RING_REFUSED("requests refused because the row had changed"),
    RECORD_CLEARED_AWAY("records cleared away after a hand-over"),
    NODE_REPLACED("nodes taken out without their cooperation");

    private final String meaning;

    Situation(String meaning) {
        this.meaning = meaning;
    }

    /** In words, for the table at the end of a run. */
    public String meaning() {
        return meaning;
    }
}
