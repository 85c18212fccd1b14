package dev.quorate.ycsb;

import dev.quorate.sdk.QuorateException;
import dev.quorate.sdk.QuorateException.Reason;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import site.ycsb.Status;

/**
 * What a failure is to YCSB, which counts a handful of words, and to whoever watches: the first of each reason is written out in full, as
 * YCSB writes everything beside its figures, to the standard error.
 */
final class Failures {
    private static final Set<String> SAID = ConcurrentHashMap.newKeySet();

    private Failures() {}

    static Status status(String operation, String key, QuorateException failure) {
        sayOnce(failure.reason().name(), "%s of '%s': %s".formatted(operation, key, failure.getMessage()));
        return status(failure.reason());
    }

    static Status noScan() {
        sayOnce("NO_SCAN", "keys are spread by a hash and the API has no range scans: workload E cannot be run");
        return Status.NOT_IMPLEMENTED;
    }

    private static void sayOnce(String reason, String text) {
        if (SAID.add(reason)) {
            System.err.println("quorate: " + reason + ": " + text + " (said once; the report counts them)");
        }
    }

    static Status status(Reason reason) {
        return switch (reason) {
            case QUORUM_NOT_MET,
                    NOT_ENOUGH_REPLICAS_ALIVE,
                    NODE_DRAINING,
                    NODE_STARTING,
                    OVERLOADED,
                    STORAGE_FULL,
                    DEADLINE,
                    CONNECT_FAILED,
                    CONNECTION_LOST -> Status.SERVICE_UNAVAILABLE;
            case BUCKET_NOT_FOUND,
                    KEY_EMPTY,
                    KEY_TOO_LARGE,
                    VALUE_TOO_LARGE,
                    CONTEXT_REQUIRED,
                    QUORUM_INVALID,
                    REQUEST_INVALID -> Status.BAD_REQUEST;
            case RECORD_CORRUPT, CODEC_FAILED -> Status.UNEXPECTED_STATE;
            case TOO_MANY_SIBLINGS,
                    CONTEXT_INVALID,
                    PRECONDITION_FAILED,
                    CLUSTER_MISMATCH,
                    NOT_BUILT,
                    NODE_NOT_FOUND,
                    INTERNAL,
                    CONFLICT,
                    INTERRUPTED,
                    CLIENT_CLOSED,
                    UNKNOWN -> Status.ERROR;
        };
    }
}
