package dev.quorate.core.replication;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.replication.WriteQuorum.Decision;
import org.junit.jupiter.api.Test;

class WriteQuorumTest {
    private final WriteQuorum twoOfThree = new WriteQuorum(3, 2);

    @Test
    void isMetByTheAcknowledgementThatCompletesItAndNeverAgain() {
        assertThat(twoOfThree.acknowledged(new NodeId(1))).isEqualTo(Decision.WAIT);
        assertThat(twoOfThree.acknowledged(new NodeId(3))).isEqualTo(Decision.MET);
        assertThat(twoOfThree.acknowledged(new NodeId(2))).isEqualTo(Decision.WAIT);
        assertThat(twoOfThree.acknowledged()).containsExactly(new NodeId(1), new NodeId(3), new NodeId(2));
    }

    @Test
    void countsAReplicaOnceHoweverOftenItAcknowledges() {
        assertThat(twoOfThree.acknowledged(new NodeId(1))).isEqualTo(Decision.WAIT);
        assertThat(twoOfThree.acknowledged(new NodeId(1))).isEqualTo(Decision.WAIT);
    }

    @Test
    void isOutOfReachWhenTheRestCannotMakeUpForTheFailures() {
        assertThat(twoOfThree.failed()).isEqualTo(Decision.WAIT);
        assertThat(twoOfThree.failed()).isEqualTo(Decision.OUT_OF_REACH);
        assertThat(twoOfThree.acknowledged(new NodeId(1))).isEqualTo(Decision.WAIT);
    }
}
