package dev.quorate.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Handover;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.peer.PeerRequest.Cause;
import dev.quorate.core.version.CausalContext;
import dev.quorate.core.version.VersionedObject;
import dev.quorate.server.metrics.LoopMetrics;
import java.util.List;
import org.junit.jupiter.api.Test;

class PeerTrafficTest {
    private final PeerTraffic traffic = PeerTraffic.of(new LoopMetrics());

    private static PeerRequest.Replicate replicate(Cause cause) {
        Key key = new Key(1, Bytes.utf8("k"));
        return new PeerRequest.Replicate(
                key, VersionedObject.of(CausalContext.EMPTY, List.of()), cause, null, PeerRequest.Replicate.NEVER, 1);
    }

    @Test
    void anObjectCountsForWhatItIsSent() {
        assertThat(traffic.counter(replicate(Cause.CLIENT))).isSameAs(traffic.operations());
        assertThat(traffic.counter(replicate(Cause.READ_REPAIR))).isSameAs(traffic.operations());
        assertThat(traffic.counter(replicate(Cause.HINT))).isSameAs(traffic.hints());
        assertThat(traffic.counter(replicate(Cause.ANTI_ENTROPY))).isSameAs(traffic.antiEntropy());
    }

    @Test
    void whatBelongsToAHandOverCountsApartWhateverItIs() {
        Handover handover = new Handover(7, 0);
        Key key = new Key(1, Bytes.utf8("k"));
        assertThat(traffic.counter(replicate(Cause.CLIENT).within(handover))).isSameAs(traffic.transfers());
        assertThat(traffic.counter(replicate(Cause.ANTI_ENTROPY).within(handover)))
                .isSameAs(traffic.transfers());
        assertThat(traffic.counter(new PeerRequest.Read(key, null, 1, handover)))
                .isSameAs(traffic.transfers());
        assertThat(traffic.counter(new PeerRequest.MoveBegin(3, handover, false)))
                .isSameAs(traffic.transfers());
    }

    @Test
    void comparisonsAndProbesCountApart() {
        assertThat(traffic.counter(new PeerRequest.CompareRoots(6, List.of()))).isSameAs(traffic.antiEntropy());
        assertThat(traffic.counter(new PeerRequest.Ping())).isSameAs(traffic.membership());
        assertThat(traffic.counter(new PeerRequest.ProbeFor(new NodeId(2)))).isSameAs(traffic.membership());
        assertThat(traffic.counter(PeerRequest.ReadAccepted.INSTANCE)).isSameAs(traffic.topology());
    }
}
