package dev.quorate.simulation;

/**
 * One operation of a simulated client, decided before the run.
 *
 * @param number within the plan, for people
 * @param atNanos not before this, and not before the client's operation before it has ended
 * @param node the machine asked first
 * @param otherNode the machine asked with what the first one answered, or when it fails
 * @param attempts at most this many, of which each after the first says so
 * @param pick chooses among what the client remembers
 */
public record ClientOp(
        int number,
        long atNanos,
        int client,
        int key,
        Kind kind,
        int node,
        int otherNode,
        int r,
        int w,
        int attempts,
        Retry retry,
        boolean returnSiblings,
        long timeoutNanos,
        int pick) {
    /** What the client does. The letters are the workloads of the test plan. */
    public enum Kind {
        GET,
        /** (a, e) Reads, adds an element to the union of what it read, writes that back with the context it read. */
        READ_MODIFY_WRITE,
        /** (d) Reads and deletes what it read. */
        READ_AND_DELETE,
        /** (b) Without a context. */
        BLIND_PUT,
        BLIND_DELETE,
        PUT_IF_ABSENT,
        /** (c) With any context that any client was ever given for the key, by whatever node. */
        STALE_PUT,
        STALE_DELETE,
        /** With the context that the client's own last write of the key was answered with. */
        PUT_AGAIN,
        /** With the context of whatever the client was told last about the key, by a read or a write of its own. */
        SESSION_PUT,
        SESSION_DELETE
    }

    /** What the client does when it cannot know whether a write was applied. (h) */
    public enum Retry {
        /** Reports it as unknown. */
        NEVER,
        /** As the SDK does: at the same node while that has not been restarted. */
        SAME_BOOT,
        /** At another node, which the SDK does only when its caller allows duplicates. */
        ANYWHERE
    }
}
