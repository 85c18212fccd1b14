package dev.quorate.core.replication;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.peer.Failure;
import dev.quorate.core.peer.GetAnswer;
import dev.quorate.core.peer.GetCommand;
import dev.quorate.core.peer.WriteAnswer;
import dev.quorate.core.peer.WriteCommand;
import dev.quorate.core.version.CausalContext;
import dev.quorate.core.version.ContextToken;
import dev.quorate.core.version.InvalidContextException;
import dev.quorate.core.version.VersionRules;
import dev.quorate.core.version.VersionedObject;
import java.util.List;
import java.util.OptionalInt;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/** Checks what clients ask against buckets and limits, and turns contexts into tokens and back. Confined to the event loop. */
final class ClientGate {
    /** Thrown inside the gate and turned into a value at its edge, so that each check stays one line. */
    static final class RefusedException extends Exception {
        private static final long serialVersionUID = 1L;

        private final transient Failure failure;

        RefusedException(Failure failure) {
            super(failure.toString(), null, false, false);
            this.failure = failure;
        }

        Failure failure() {
            return failure;
        }
    }

    private final SortedMap<String, Bucket> buckets;
    private final ReplicationConfig config;
    private final ContextToken tokens;
    private final VersionRules versions;

    ClientGate(
            SortedMap<String, Bucket> buckets, ReplicationConfig config, ContextToken tokens, VersionRules versions) {
        this.buckets = buckets;
        this.config = config;
        this.tokens = tokens;
        this.versions = versions;
    }

    Bucket bucket(String name) throws RefusedException {
        Bucket bucket = buckets.get(name.isEmpty() ? Bucket.DEFAULT_NAME : name);
        if (bucket == null) {
            throw new RefusedException(Failure.of(Failure.Kind.BUCKET_NOT_FOUND)
                    .with("bucket", name)
                    .with("buckets", buckets.keySet()));
        }
        return bucket;
    }

    Key key(Bucket bucket, Bytes bytes) throws RefusedException {
        if (bytes.isEmpty()) {
            throw new RefusedException(Failure.of(Failure.Kind.KEY_EMPTY));
        }
        if (bytes.length() > Key.MAX_LENGTH) {
            throw new RefusedException(Failure.of(Failure.Kind.KEY_TOO_LARGE)
                    .with("bytes", bytes.length())
                    .with("limit", Key.MAX_LENGTH));
        }
        return new Key(bucket.id(), bytes);
    }

    GetCommand check(ClientGet get) throws RefusedException {
        Bucket bucket = bucket(get.bucket());
        Key key = key(bucket, get.key());
        int r = quorum("r", get.r(), get.consistency(), bucket.r(), bucket.n());
        return new GetCommand(
                key, r, owners("pr", get.pr(), "r", r), get.mode() == null ? bucket.readMode() : get.mode());
    }

    WriteCommand check(ClientWrite write, KeyHash hash, Key key) throws RefusedException {
        Bucket bucket = bucket(write.bucket());
        int w = quorum("w", write.w(), write.consistency(), bucket.w(), bucket.n());
        int pw = owners("pw", write.pw(), "w", w);
        Bytes value = write.value();
        int size = key.bytes().length() + (value == null ? 0 : value.length());
        if (size > config.maxRecordBytes() && value != null) {
            throw new RefusedException(Failure.of(Failure.Kind.VALUE_TOO_LARGE)
                    .with("bytes", size)
                    .with("limit", config.maxRecordBytes()));
        }
        if (write.requestId().length() > ClientWrite.MAX_REQUEST_ID) {
            throw new RefusedException(Failure.of(Failure.Kind.REQUEST_INVALID)
                    .with("field", "request_id")
                    .with("bytes", write.requestId().length())
                    .with("limit", ClientWrite.MAX_REQUEST_ID));
        }
        if (write.ifAbsent() && !write.contextToken().isEmpty()) {
            throw new RefusedException(Failure.of(Failure.Kind.REQUEST_INVALID)
                    .with("field", "if_absent")
                    .with("cause", "a context says that something was read, if_absent says that nothing was"));
        }
        return new WriteCommand(
                key,
                value,
                open(key, hash, write.contextToken()),
                w,
                pw,
                write.ifAbsent(),
                write.returnSiblings(),
                write.requestId(),
                Math.max(1, write.attempt()),
                write.mode() == null ? bucket.writeMode() : write.mode());
    }

    ClientAnswer answer(Key key, KeyHash hash, GetAnswer answer) {
        VersionedObject object = answer.object();
        return object == null
                ? new ClientAnswer(List.of(), Bytes.EMPTY, answer.report())
                : new ClientAnswer(
                        object.values(), tokens.seal(key, hash, versions.readContext(object)), answer.report());
    }

    ClientAnswer answer(Key key, KeyHash hash, WriteAnswer answer) {
        VersionedObject object = answer.object();
        return new ClientAnswer(
                object == null ? List.of() : object.values(),
                tokens.seal(key, hash, answer.context()),
                answer.report());
    }

    private @Nullable CausalContext open(Key key, KeyHash hash, Bytes token) throws RefusedException {
        if (token.isEmpty()) {
            return null;
        }
        try {
            return tokens.open(key, hash, token);
        } catch (InvalidContextException e) {
            throw new RefusedException(
                    Failure.of(Failure.Kind.CONTEXT_INVALID).with("cause", String.valueOf(e.getMessage())));
        }
    }

    private static int quorum(String name, OptionalInt given, Consistency level, int bucketDefault, int n)
            throws RefusedException {
        int value = given.orElse(level.of(n, bucketDefault));
        if (value < 1 || value > n) {
            throw new RefusedException(Failure.of(Failure.Kind.QUORUM_INVALID)
                    .with(name, Integer.toUnsignedString(value))
                    .with("n", n));
        }
        return value;
    }

    private static int owners(String name, OptionalInt given, String ofWhat, int quorum) throws RefusedException {
        int value = given.orElse(0);
        if (value < 0 || value > quorum) {
            throw new RefusedException(Failure.of(Failure.Kind.QUORUM_INVALID)
                    .with(name, Integer.toUnsignedString(value))
                    .with(ofWhat, quorum));
        }
        return value;
    }
}
