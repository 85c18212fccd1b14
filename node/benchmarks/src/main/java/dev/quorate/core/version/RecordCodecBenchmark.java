package dev.quorate.core.version;

import dev.quorate.benchmarks.Samples;
import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** A record to bytes and back, checksum included. In this package for the constructor by which the rules make objects. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class RecordCodecBenchmark {
    private final RecordCodec codec = new RecordCodec();

    @Param({"1", "3"})
    public int siblings;

    @Param({"100", "1024"})
    public int valueBytes;

    private Key key;
    private VersionedObject object;
    private StoredRecord received;
    private Bytes encoded;

    @Setup
    public void setUp() {
        Samples samples = new Samples();
        key = samples.key();
        object = samples.object(siblings, Samples.ACTORS, valueBytes);
        received = new StoredRecord(key, VersionedObject.decode(object.encoded()), null);
        encoded = codec.encode(received);
    }

    /** What a coordinator has just written and nobody has encoded yet. */
    @Benchmark
    public Bytes encodeNew() {
        VersionedObject written = new VersionedObject(object.context(), object.siblingArray());
        return codec.encode(new StoredRecord(key, written, null));
    }

    /** What another node has sent: its bytes are there. */
    @Benchmark
    public Bytes encodeReceived() {
        return codec.encode(received);
    }

    @Benchmark
    public StoredRecord decode() {
        return codec.decode(encoded);
    }
}
