package dev.quorate.core.membership;

/** What a node thinks of a member. Only {@code ALIVE} members are sent requests. */
public enum Verdict {
    ALIVE,
    /** This node gets no answer from it. Others may: nothing follows but that this node asks others. */
    LOCAL_UNREACHABLE,
    /** Members on two hosts got no answer from it, neither directly nor through others. */
    DOWN,
    /** It said that it stops. */
    SHUTDOWN
}
