package dev.quorate.benchmarks;

import dev.quorate.core.model.Key;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.ring.KeyHasher;
import dev.quorate.core.ring.Member;
import dev.quorate.core.ring.PreferenceList;
import dev.quorate.core.ring.SlotAllocator;
import dev.quorate.core.ring.SlotTable;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** From a key to the nodes that have it: hash, slot, row. Nodes are on hosts of their own, in five racks. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class RingLookUpBenchmark {
    private static final int REPLICAS = 3;
    private static final int RACKS = 5;
    /** A power of two, and enough that the processor cannot learn them. */
    private static final int KEYS = 1 << 12;

    private final Key[] keys = new Key[KEYS];

    @Param({"5", "100"})
    public int nodes;

    private KeyHasher hasher;
    private SlotTable table;
    private int turn;

    @Setup
    public void setUp() {
        Samples samples = new Samples();
        hasher = samples.hasher();
        for (int i = 0; i < KEYS; i++) {
            keys[i] = samples.key();
        }
        List<Member> members = new ArrayList<>();
        for (int i = 0; i < nodes; i++) {
            members.add(new Member(new NodeId(i + 1), 1, "dc", "rack" + i % RACKS, "host" + i));
        }
        table = SlotAllocator.initial(members, REPLICAS, SlotAllocator.log2SlotsFor(members, REPLICAS));
    }

    /** At every request. */
    @Benchmark
    public List<NodeId> owners() {
        return table.owners(nextSlot());
    }

    /** The rest of the preference list, which is asked for when an owner cannot be had. */
    @Benchmark
    public List<NodeId> fallbacks() {
        int slot = nextSlot();
        return PreferenceList.fallbacks(table, slot, table.owners(slot).get(0));
    }

    private int nextSlot() {
        Key key = keys[turn++ & KEYS - 1];
        return hasher.hash(key).slot(table.log2Slots());
    }
}
