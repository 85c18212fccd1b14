package dev.quorate.ycsb;

import dev.quorate.sdk.Bucket;
import dev.quorate.sdk.QuorateException;
import dev.quorate.sdk.Resolver;
import dev.quorate.sdk.Versioned;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.Vector;
import org.jspecify.annotations.Nullable;
import site.ycsb.ByteIterator;
import site.ycsb.DB;
import site.ycsb.DBException;
import site.ycsb.Status;

/**
 * A cluster as YCSB sees it. A record is one value under the key {@code table/key}, see {@link Fields}; concurrent values of it are merged
 * whenever it is read. Each thread of YCSB has an instance of its own; all of them share one client.
 */
public final class QuorateDb extends DB {
    private @Nullable Session session;

    private record Session(Settings settings, Bucket<Fields> bucket) {}

    @FunctionalInterface
    private interface Operation {
        Status on(Session session, byte[] key);
    }

    @Override
    public void init() throws DBException {
        Settings settings = Settings.of(getProperties());
        session = new Session(
                settings,
                SharedClient.acquire(settings)
                        .bucket(settings.bucket(), Fields.CODEC, Resolver.merging(Fields::merge)));
    }

    @Override
    public void cleanup() {
        if (session != null) {
            session = null;
            SharedClient.release();
        }
    }

    @Override
    public Status read(String table, String key, @Nullable Set<String> fields, Map<String, ByteIterator> result) {
        return call("READ", table, key, (at, id) -> {
            Fields found = at.bucket().get(id, at.settings().reading()).valueOrNull();
            if (found == null) {
                return Status.NOT_FOUND;
            }
            found.copyTo(result, fields);
            return Status.OK;
        });
    }

    /** Writes the record whether or not there is one, so that a load can be repeated. */
    @Override
    public Status insert(String table, String key, Map<String, ByteIterator> values) {
        Fields written = Fields.of(values);
        return call("INSERT", table, key, (at, id) -> {
            at.bucket().put(id, written, at.settings().writing());
            return Status.OK;
        });
    }

    /**
     * A write of all fields replaces the record, unseen. One of some fields reads the record first and supersedes exactly what it read,
     * concurrent values included; it does nothing where there is no record.
     */
    @Override
    public Status update(String table, String key, Map<String, ByteIterator> values) {
        Fields written = Fields.of(values);
        return call("UPDATE", table, key, (at, id) -> {
            if (written.count() >= at.settings().fieldCount()) {
                at.bucket().put(id, written, at.settings().writing());
                return Status.OK;
            }
            Versioned<Fields> updated = at.bucket()
                    .update(
                            id,
                            old -> old == null ? null : old.with(written),
                            at.settings().reading(),
                            at.settings().writing());
            return updated.isPresent() ? Status.OK : Status.NOT_FOUND;
        });
    }

    @Override
    public Status delete(String table, String key) {
        return call("DELETE", table, key, (at, id) -> {
            at.bucket().delete(id, at.settings().writing());
            return Status.OK;
        });
    }

    @Override
    public Status scan(
            String table,
            String startKey,
            int recordCount,
            @Nullable Set<String> fields,
            Vector<HashMap<String, ByteIterator>> result) {
        return Failures.noScan();
    }

    /** Lets no failure of a call out: YCSB would end at once, and without its figures. */
    private Status call(String name, String table, String key, Operation operation) {
        if (session == null) {
            throw new IllegalStateException(name + " before init() or after cleanup()");
        }
        String id = table + "/" + key;
        try {
            return operation.on(session, id.getBytes(StandardCharsets.UTF_8));
        } catch (QuorateException failure) {
            return Failures.status(name, id, failure);
        }
    }
}
