package dev.quorate.ycsb;

import dev.quorate.sdk.QuorateClient;
import dev.quorate.sdk.ReadOptions;
import dev.quorate.sdk.WriteOptions;
import java.time.Duration;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import site.ycsb.DBException;

/**
 * What the properties of a run ask for.
 *
 * @param nodes client addresses of some nodes, {@code host:port}, separated by commas
 * @param timeout of each call; null for the client's default
 * @param fieldCount how many fields a record of the workload has: a write of so many replaces it
 */
record Settings(
        String nodes,
        String bucket,
        ReadOptions reading,
        WriteOptions writing,
        @Nullable Duration timeout,
        int fieldCount) {
    private static final String PREFIX = "quorate.";
    private static final String NODES = PREFIX + "nodes";
    private static final String BUCKET = PREFIX + "bucket";
    private static final String R = PREFIX + "r";
    private static final String W = PREFIX + "w";
    private static final String TIMEOUT_MILLIS = PREFIX + "timeout";
    private static final Set<String> KNOWN = new TreeSet<>(Set.of(NODES, BUCKET, R, W, TIMEOUT_MILLIS));

    /** @throws DBException for a property that makes no sense, so that YCSB says so and measures nothing */
    static Settings of(Properties properties) throws DBException {
        for (String name : properties.stringPropertyNames()) {
            if (name.startsWith(PREFIX) && !KNOWN.contains(name)) {
                throw new DBException("there is no property " + name + "; there are " + KNOWN);
            }
        }
        try {
            Integer r = number(properties, R);
            Integer w = number(properties, W);
            Integer millis = number(properties, TIMEOUT_MILLIS);
            // YCSB's own property, and its default in CoreWorkload.
            Integer fieldCount = number(properties, "fieldcount");
            return new Settings(
                    properties.getProperty(NODES, "127.0.0.1:7400"),
                    properties.getProperty(BUCKET, "default"),
                    r == null ? ReadOptions.DEFAULT : ReadOptions.DEFAULT.withR(r),
                    w == null ? WriteOptions.DEFAULT : WriteOptions.DEFAULT.withW(w),
                    millis == null ? null : Duration.ofMillis(millis),
                    fieldCount == null ? 10 : fieldCount);
        } catch (IllegalArgumentException invalid) {
            throw new DBException(invalid.getMessage(), invalid);
        }
    }

    private static @Nullable Integer number(Properties properties, String name) {
        String text = properties.getProperty(name);
        try {
            return text == null ? null : Integer.valueOf(text.strip());
        } catch (NumberFormatException notANumber) {
            throw new IllegalArgumentException(name + " is '" + text + "', not a number", notANumber);
        }
    }

    QuorateClient connect() throws DBException {
        try {
            QuorateClient.Builder builder = QuorateClient.builder().seeds(nodes);
            if (timeout != null) {
                builder.requestTimeout(timeout);
            }
            return builder.build();
        } catch (IllegalArgumentException invalid) {
            throw new DBException(invalid.getMessage(), invalid);
        }
    }
}
