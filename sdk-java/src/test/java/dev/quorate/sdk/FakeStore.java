package dev.quorate.sdk;

import com.google.protobuf.ByteString;
import dev.quorate.proto.kv.v1.Sibling;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** One node's keys: siblings with dots, contexts as plain sets of dots. Synchronized, since tests look into it. */
final class FakeStore {
    record ObjectKey(String bucket, ByteString key) {}

    /** @param context of the answer: what the write superseded and itself, never the whole object's (rule A1) */
    record Written(ByteString context, String dot) {}

    private static final class Stored {
        final TreeMap<String, ByteString> values = new TreeMap<>();
        final TreeSet<String> deletions = new TreeSet<>();
        final TreeSet<String> seen = new TreeSet<>();
    }

    private final Map<ObjectKey, Stored> objects = new HashMap<>();

    /** @param value null to delete */
    synchronized Written write(
            ObjectKey key, @Nullable ByteString value, ByteString context, boolean mayReplaceUnseen, String dot) {
        Stored stored = objects.computeIfAbsent(key, absent -> new Stored());
        Set<String> effective = new TreeSet<>(context.isEmpty() && mayReplaceUnseen ? stored.seen : decode(context));
        stored.values.keySet().removeAll(effective);
        stored.deletions.removeAll(effective);
        stored.seen.addAll(effective);
        stored.seen.add(dot);
        if (value == null) {
            stored.deletions.add(dot);
        } else {
            stored.values.put(dot, value);
        }
        effective.add(dot);
        return new Written(encode(effective), dot);
    }

    synchronized boolean hasValue(ObjectKey key) {
        Stored stored = objects.get(key);
        return stored != null && !stored.values.isEmpty();
    }

    synchronized List<Sibling> siblings(ObjectKey key) {
        Stored stored = objects.get(key);
        List<Sibling> siblings = new ArrayList<>();
        if (stored != null) {
            stored.values.forEach((dot, value) -> siblings.add(
                    Sibling.newBuilder().setValue(value).setVersionId(dot).build()));
        }
        return siblings;
    }

    synchronized List<String> values(String key) {
        return siblings(new ObjectKey("default", ByteString.copyFromUtf8(key))).stream()
                .map(sibling -> sibling.getValue().toStringUtf8())
                .sorted()
                .toList();
    }

    synchronized ByteString context(ObjectKey key) {
        Stored stored = objects.get(key);
        return stored == null ? ByteString.EMPTY : encode(stored.seen);
    }

    void mergeAll(FakeStore other) {
        List<ObjectKey> keys;
        synchronized (other) {
            keys = List.copyOf(other.objects.keySet());
        }
        keys.forEach(key -> merge(key, other));
    }

    void merge(ObjectKey key, FakeStore other) {
        Stored theirs;
        synchronized (other) {
            Stored original = other.objects.get(key);
            if (original == null) {
                return;
            }
            theirs = new Stored();
            theirs.values.putAll(original.values);
            theirs.deletions.addAll(original.deletions);
            theirs.seen.addAll(original.seen);
        }
        synchronized (this) {
            Stored ours = objects.computeIfAbsent(key, absent -> new Stored());
            ours.values.keySet().removeIf(dot -> !theirs.values.containsKey(dot) && theirs.seen.contains(dot));
            theirs.values.forEach((dot, value) -> {
                if (!ours.seen.contains(dot)) {
                    ours.values.put(dot, value);
                }
            });
            ours.seen.addAll(theirs.seen);
        }
    }

    private static Set<String> decode(ByteString context) {
        return context.isEmpty()
                ? Set.of()
                : new TreeSet<>(Arrays.asList(context.toStringUtf8().split(",")));
    }

    private static ByteString encode(Set<String> dots) {
        return ByteString.copyFrom(String.join(",", dots), StandardCharsets.UTF_8);
    }
}
