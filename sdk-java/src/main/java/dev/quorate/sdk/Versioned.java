package dev.quorate.sdk;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a key holds, and what its reader has seen. Usually one value or none; several when writers did not know of each other, and then
 * {@link #value()} is what the bucket's {@link Resolver} makes of them. Writing it back by {@code put(key, versioned)} or
 * {@code put(key, versioned.with(value))} supersedes exactly the values in here. Values are decoded and resolved when first asked for,
 * by the thread that asks. Thread-safe.
 */
public final class Versioned<T> {
    private final @Nullable ValueShape<T> shape;
    private final ByteString key;
    private final List<dev.quorate.proto.kv.v1.Sibling> stored;
    private final Context context;
    private final dev.quorate.proto.kv.v1.@Nullable Report report;
    private @Nullable List<Sibling<T>> decoded;
    private @Nullable T resolved;

    private Versioned(
            @Nullable ValueShape<T> shape,
            ByteString key,
            List<dev.quorate.proto.kv.v1.Sibling> stored,
            @Nullable List<Sibling<T>> decoded,
            Context context,
            dev.quorate.proto.kv.v1.@Nullable Report report) {
        this.shape = shape;
        this.key = key;
        this.stored = stored;
        this.decoded = decoded;
        this.context = context;
        this.report = report;
    }

    /** A value to write with a context that was kept elsewhere. */
    public static <T> Versioned<T> of(T value, Context context) {
        return new Versioned<>(null, ByteString.EMPTY, List.of(), List.of(unwritten(value)), context, null);
    }

    static <T> Versioned<T> answered(
            ValueShape<T> shape,
            ByteString key,
            List<dev.quorate.proto.kv.v1.Sibling> siblings,
            Context context,
            dev.quorate.proto.kv.v1.Report report) {
        return new Versioned<>(shape, key, siblings, null, context, report);
    }

    static <T> Versioned<T> written(
            ValueShape<T> shape,
            ByteString key,
            @Nullable T value,
            Context context,
            dev.quorate.proto.kv.v1.Report report) {
        List<Sibling<T>> siblings = value == null ? List.of() : List.of(unwritten(value));
        return new Versioned<>(shape, key, List.of(), siblings, context, report);
    }

    private static <T> Sibling<T> unwritten(T value) {
        return new Sibling<>(value, "", Instant.EPOCH);
    }

    /** The same knowledge with another value, to be put. */
    public Versioned<T> with(T value) {
        return new Versioned<>(shape, key, List.of(), List.of(unwritten(value)), context, report);
    }

    /** Whether the key holds a value. */
    public boolean isPresent() {
        return !siblings().isEmpty();
    }

    /** Whether the key holds several values. */
    public boolean isConflict() {
        return siblings().size() > 1;
    }

    /**
     * The one value, or what the resolver made of several.
     *
     * @throws NoSuchElementException when the key holds none
     * @throws QuorateException with {@code CONFLICT} when it holds several and the bucket has no resolver; {@link #siblings()} has them
     */
    public T value() {
        T value = valueOrNull();
        if (value == null) {
            throw new NoSuchElementException("the key '" + key.toStringUtf8() + "' holds no value");
        }
        return value;
    }

    /** As {@link #value()}, but null when the key holds none. */
    public synchronized @Nullable T valueOrNull() {
        if (resolved == null) {
            resolved = resolve(siblings());
        }
        return resolved;
    }

    /** As {@link #value()}, but empty when the key holds none. */
    public Optional<T> toOptional() {
        return Optional.ofNullable(valueOrNull());
    }

    /** As {@link #value()}, but {@code other} when the key holds none. */
    public T orElse(T other) {
        T value = valueOrNull();
        return value == null ? other : value;
    }

    /** The concurrent values, deletions left out. */
    public List<Sibling<T>> siblings() {
        List<Sibling<T>> all = siblingsAndDeletions();
        for (Sibling<T> sibling : all) {
            if (sibling.isDelete()) {
                return all.stream().filter(one -> !one.isDelete()).toList();
            }
        }
        return all;
    }

    /** The concurrent values, with deletions where the node tells of them; see {@link Sibling#isDelete()}. */
    public synchronized List<Sibling<T>> siblingsAndDeletions() {
        if (decoded == null) {
            List<Sibling<T>> siblings = new ArrayList<>(stored.size());
            for (dev.quorate.proto.kv.v1.Sibling sibling : stored) {
                siblings.add(decode(sibling));
            }
            decoded = List.copyOf(siblings);
        }
        return decoded;
    }

    /** What a write with this has seen. */
    public Context context() {
        return context;
    }

    /** Who took part. */
    public Report report() {
        if (report == null) {
            return Report.NONE;
        }
        return new Report(
                report.getCoordinator(),
                report.getAcknowledgements(),
                report.getPrimaries(),
                report.getRequired(),
                report.getNodesList(),
                report.getHintedList());
    }

    private Sibling<T> decode(dev.quorate.proto.kv.v1.Sibling sibling) {
        if (shape == null) {
            throw new IllegalStateException("stored values without a codec");
        }
        T value = sibling.hasValue() ? shape.decode(sibling.getValue().toByteArray()) : null;
        Timestamp time = sibling.getUpdateTime();
        return new Sibling<>(value, sibling.getVersionId(), Instant.ofEpochSecond(time.getSeconds(), time.getNanos()));
    }

    private @Nullable T resolve(List<Sibling<T>> siblings) {
        if (siblings.isEmpty()) {
            return null;
        }
        if (siblings.size() == 1) {
            return siblings.get(0).value();
        }
        if (shape == null || shape.resolver() == null) {
            throw QuorateException.local(
                    QuorateException.Reason.CONFLICT,
                    "the key '%s' holds %d concurrent values (versions %s) and its bucket has no resolver: choose among siblings() and put the choice with with(...)"
                            .formatted(
                                    key.toStringUtf8(),
                                    siblings.size(),
                                    String.join(
                                            ", ",
                                            siblings.stream()
                                                    .map(Sibling::versionId)
                                                    .toList())),
                    null);
        }
        return shape.resolve(
                shape.resolver(), siblings.stream().map(Sibling::value).toList());
    }

    @Override
    public String toString() {
        return "Versioned[key=%s, siblings=%s, context=%s]"
                .formatted(key.toStringUtf8(), decoded == null ? stored.size() : decoded, context);
    }
}
