package dev.quorate.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.rpc.Status;
import dev.quorate.core.NodeConfig;
import dev.quorate.core.NodeCore;
import dev.quorate.core.NodeEnvironment;
import dev.quorate.core.antientropy.AntiEntropyConfig;
import dev.quorate.core.handoff.HandoffConfig;
import dev.quorate.core.membership.MembershipConfig;
import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.peer.PeerTransport;
import dev.quorate.core.peer.Result;
import dev.quorate.core.replication.Bucket;
import dev.quorate.core.replication.ClientAnswer;
import dev.quorate.core.replication.ClientGet;
import dev.quorate.core.replication.Consistency;
import dev.quorate.core.replication.ReplicationConfig;
import dev.quorate.core.replication.SafetyRules;
import dev.quorate.core.ring.Member;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.ring.SlotAllocator;
import dev.quorate.core.runtime.BootSource;
import dev.quorate.core.runtime.EventLoop;
import dev.quorate.core.storage.Storage;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.WriteBatch;
import dev.quorate.core.transfer.TransferConfig;
import dev.quorate.server.metrics.LoopMetrics;
import dev.quorate.server.system.SystemClock;
import dev.quorate.server.system.SystemRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** What a client hears of a defect: an id, and nothing of what went wrong. */
class DefectTest {
    private final LoopMetrics metrics = new LoopMetrics();
    private final List<Status> heard = new ArrayList<>();

    @Test
    void theClientHearsAnIdAndTheNodeGoesOn() {
        BrokenStorage storage = new BrokenStorage();
        Here loop = new Here();
        NodeId n1 = new NodeId(1);
        NodeCore core = new NodeCore(
                new NodeConfig(
                        n1,
                        1,
                        RingState.of(SlotAllocator.initial(List.of(new Member(n1, 1, "dc1", "r1", "h1")), 1, 4)),
                        Bytes.owning(new byte[16]),
                        Bytes.owning(new byte[16]),
                        List.of(new Bucket("default", 1, 1, 1, 1, Bucket.BlindWrites.OVERWRITE_SEEN)),
                        ReplicationConfig.DEFAULTS,
                        MembershipConfig.DEFAULTS,
                        AntiEntropyConfig.DEFAULTS,
                        HandoffConfig.DEFAULTS,
                        TransferConfig.DEFAULTS,
                        Duration.ZERO),
                new NodeEnvironment(
                        new SystemClock(),
                        loop,
                        new SystemRandom(),
                        storage,
                        new NoPeers(),
                        new OneBoot(),
                        metrics,
                        new MembershipLog()),
                SafetyRules.production(metrics));
        assertThat(core.start().toCompletableFuture()).isCompleted();
        storage.broken = true;
        Admission admission = new Admission(1, 1 << 20, metrics);
        ClientOperations operations = new ClientOperations(
                core, new SystemClock(), admission, new Defects("n1", () -> 0x4f, metrics), metrics);
        ClientGet get = new ClientGet(
                "default", Bytes.utf8("k"), Consistency.DEFAULT, OptionalInt.empty(), OptionalInt.empty(), null);

        operations.get(Result.of(get), null, 10, new Caller());
        operations.get(Result.of(get), null, 10, new Caller());

        assertThat(heard).hasSize(2);
        assertThat(heard.get(0).getMessage()).contains("n1-4f-1").doesNotContain("planted");
        assertThat(heard.get(1).getMessage()).contains("n1-4f-2");
        assertThat(metrics.value("defects_total")).isEqualTo(2);
        assertThat(metrics.value("admission_operations"))
                .as("what failed holds no place")
                .isZero();
    }

    private final class Caller implements ClientOperations.Caller {
        @Override
        public void answered(ClientAnswer answer) {
            throw new AssertionError("answered " + answer);
        }

        @Override
        public void failed(Status status) {
            heard.add(status);
        }
    }

    /** Throws where the port promises a stage. */
    private static final class BrokenStorage implements Storage {
        private boolean broken;

        @Override
        public CompletionStage<Bytes> get(Table table, Bytes key) {
            if (broken) {
                throw new IllegalStateException("planted");
            }
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public CompletionStage<Durable> commit(WriteBatch batch) {
            return CompletableFuture.completedFuture(new Durable(1));
        }

        @Override
        public CompletionStage<Durable> barrier() {
            return CompletableFuture.completedFuture(new Durable(1));
        }

        @Override
        public Refusal refusal(WriteKind kind) {
            return null;
        }

        @Override
        public CompletionStage<Page> scan(Table table, KeyRange range, ScanBudget budget) {
            return CompletableFuture.completedFuture(new Page(List.of(), null));
        }

        @Override
        public int load() {
            return 0;
        }
    }

    private static final class Here implements EventLoop {
        @Override
        public void execute(Runnable task) {
            task.run();
        }

        @Override
        public Timer after(Duration delay, Runnable task) {
            return () -> {};
        }
    }

    private static final class NoPeers implements PeerTransport {
        @Override
        public boolean reachable(NodeId peer) {
            return false;
        }

        @Override
        public String unreachableBecause(NodeId peer) {
            return "alone";
        }

        @Override
        public long send(NodeId peer, long operationId, PeerRequest request, Duration timeout) {
            return NOT_SENT;
        }
    }

    private static final class OneBoot implements BootSource {
        @Override
        public long current() {
            return 1;
        }

        @Override
        public CompletionStage<Long> renewAbove(long startNo) {
            return CompletableFuture.completedFuture(2L);
        }
    }
}
