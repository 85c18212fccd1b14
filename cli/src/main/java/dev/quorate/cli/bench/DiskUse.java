package dev.quorate.cli.bench;

import com.google.gson.JsonObject;
import dev.quorate.cli.local.ClusterFile;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Blocks that stopped nodes keep on their disks, all together.
 *
 * @param storedBytes keys and values of all replicas
 * @param logBytes prepared in advance: the same for few keys as for many
 */
record DiskUse(long storedBytes, long lmdbBytes, long logBytes) {

    /** Empty where the system does not tell; the length of a file would count what was never written. */
    static Optional<DiskUse> of(RunningCluster cluster, long keys, int valueSize) throws InterruptedException {
        long lmdb = 0;
        long log = 0;
        ClusterFile file = cluster.cluster().file();
        for (ClusterFile.Node node : file.nodes()) {
            Path data = cluster.data(node);
            Optional<Long> inLmdb = bytes(data.resolve("lmdb"));
            Optional<Long> inLog = bytes(data.resolve("log"));
            if (inLmdb.isEmpty() || inLog.isEmpty()) {
                return Optional.empty();
            }
            lmdb += inLmdb.get();
            log += inLog.get();
        }
        return Optional.of(new DiskUse(keys * (BenchKey.BYTES + valueSize) * file.replicas(), lmdb, log));
    }

    private static Optional<Long> bytes(Path directory) throws InterruptedException {
        return Programs.output(directory, "du", "-sk", ".").map(DiskUse::parse);
    }

    /** A number of KiB, then what was counted. */
    static long parse(String printed) {
        return Long.parseLong(printed.split("\\s", 2)[0]) * 1024;
    }

    double lmdbRatio() {
        return (double) lmdbBytes / storedBytes;
    }

    double ratio() {
        return (double) (lmdbBytes + logBytes) / storedBytes;
    }

    JsonObject json() {
        JsonObject json = new JsonObject();
        json.addProperty("storedBytes", storedBytes);
        json.addProperty("lmdbBytes", lmdbBytes);
        json.addProperty("logBytes", logBytes);
        return json;
    }
}
