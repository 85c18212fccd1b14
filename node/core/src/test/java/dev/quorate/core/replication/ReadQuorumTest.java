package dev.quorate.core.replication;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.replication.ReadQuorum.Decision;
import org.junit.jupiter.api.Test;

class ReadQuorumTest {
    @Test
    void isMetByTheAnswerThatCompletesItAndNeverAgain() {
        ReadQuorum quorum = asked(new ReadQuorum(3, 2, 0), 3);
        assertThat(quorum.answered(0, new NodeId(1), null, true)).isEqualTo(Decision.WAIT);
        assertThat(quorum.answered(1, new NodeId(2), null, true)).isEqualTo(Decision.MET);
        assertThat(quorum.answered(2, new NodeId(3), null, true)).isEqualTo(Decision.WAIT);
        assertThat(quorum.answers()).hasSize(3);
    }

    @Test
    void asksAnotherWhenAFailureLeavesTooFewAsked() {
        ReadQuorum quorum = asked(new ReadQuorum(3, 2, 0), 2);
        assertThat(quorum.failed(true)).isEqualTo(Decision.ASK_ANOTHER);
        asked(quorum, 1);
        assertThat(quorum.failed(true)).isEqualTo(Decision.OUT_OF_REACH);
        assertThat(quorum.failed(true)).isEqualTo(Decision.WAIT);
    }

    @Test
    void aHedgeStandsInForAFailure() {
        ReadQuorum quorum = asked(new ReadQuorum(3, 2, 0), 3);
        assertThat(quorum.failed(true)).isEqualTo(Decision.WAIT);
    }

    @Test
    void anOwnerAndWhoStandsInForItAnswerOnce() {
        ReadQuorum quorum = new ReadQuorum(3, 2, 0);
        quorum.candidate();
        asked(quorum, 4);
        assertThat(quorum.answered(0, new NodeId(8), null, false)).isEqualTo(Decision.WAIT);
        assertThat(quorum.answered(0, new NodeId(1), null, true)).isEqualTo(Decision.WAIT);
        assertThat(quorum.answered(1, new NodeId(2), null, true)).isEqualTo(Decision.MET);
        assertThat(quorum.primaries()).isEqualTo(2);
    }

    @Test
    void isOutOfReachWhenTooFewOwnersAreLeft() {
        ReadQuorum quorum = new ReadQuorum(2, 2, 2);
        quorum.candidate();
        asked(quorum, 2);
        assertThat(quorum.failed(true)).isEqualTo(Decision.OUT_OF_REACH);
    }

    private static ReadQuorum asked(ReadQuorum quorum, int times) {
        for (int i = 0; i < times; i++) {
            quorum.asked();
        }
        return quorum;
    }
}
