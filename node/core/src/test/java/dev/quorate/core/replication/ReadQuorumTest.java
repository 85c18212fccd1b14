package dev.quorate.core.replication;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.replication.ReadQuorum.Decision;
import org.junit.jupiter.api.Test;

class ReadQuorumTest {
    @Test
    void isMetByTheAnswerThatCompletesItAndNeverAgain() {
        ReadQuorum quorum = asked(new ReadQuorum(3, 2), 3);
        assertThat(quorum.answered(new NodeId(1), null)).isEqualTo(Decision.WAIT);
        assertThat(quorum.answered(new NodeId(2), null)).isEqualTo(Decision.MET);
        assertThat(quorum.answered(new NodeId(3), null)).isEqualTo(Decision.WAIT);
        assertThat(quorum.answers()).hasSize(3);
    }

    @Test
    void asksAnotherWhenAFailureLeavesTooFewAsked() {
        ReadQuorum quorum = asked(new ReadQuorum(3, 2), 2);
        assertThat(quorum.failed()).isEqualTo(Decision.ASK_ANOTHER);
        asked(quorum, 1);
        assertThat(quorum.failed()).isEqualTo(Decision.OUT_OF_REACH);
        assertThat(quorum.failed()).isEqualTo(Decision.WAIT);
    }

    @Test
    void aHedgeStandsInForAFailure() {
        ReadQuorum quorum = asked(new ReadQuorum(3, 2), 3);
        assertThat(quorum.failed()).isEqualTo(Decision.WAIT);
    }

    private static ReadQuorum asked(ReadQuorum quorum, int times) {
        for (int i = 0; i < times; i++) {
            quorum.asked();
        }
        return quorum;
    }
}
