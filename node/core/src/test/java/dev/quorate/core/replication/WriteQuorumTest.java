package dev.quorate.core.replication;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.replication.WriteQuorum.Decision;
import org.junit.jupiter.api.Test;

class WriteQuorumTest {
    private final WriteQuorum twoOfThree = new WriteQuorum(3, 2, 0);

    @Test
    void isMetByTheAcknowledgementThatCompletesItAndNeverAgain() {
        assertThat(owner(twoOfThree, 0)).isEqualTo(Decision.WAIT);
        assertThat(owner(twoOfThree, 2)).isEqualTo(Decision.MET);
        assertThat(owner(twoOfThree, 1)).isEqualTo(Decision.WAIT);
        assertThat(twoOfThree.acknowledged()).containsExactly(new NodeId(1), new NodeId(3), new NodeId(2));
        assertThat(twoOfThree.primaries()).isEqualTo(3);
    }

    @Test
    void countsAReplicaOnceHoweverOftenItAcknowledges() {
        assertThat(owner(twoOfThree, 0)).isEqualTo(Decision.WAIT);
        assertThat(owner(twoOfThree, 0)).isEqualTo(Decision.WAIT);
    }

    @Test
    void countsAnOwnerAndWhoStandsInForItOnce() {
        assertThat(standIn(twoOfThree, 0, 8)).isEqualTo(Decision.WAIT);
        assertThat(owner(twoOfThree, 0)).isEqualTo(Decision.WAIT);
        assertThat(twoOfThree.acknowledged()).containsExactly(new NodeId(8), new NodeId(1));
        assertThat(standIn(twoOfThree, 1, 9)).isEqualTo(Decision.MET);
        assertThat(twoOfThree.primaries()).isEqualTo(1);
    }

    @Test
    void isOutOfReachWhenTheRestCannotMakeUpForTheFailures() {
        assertThat(twoOfThree.lost(1)).isEqualTo(Decision.WAIT);
        assertThat(twoOfThree.lost(2)).isEqualTo(Decision.OUT_OF_REACH);
        assertThat(owner(twoOfThree, 0)).isEqualTo(Decision.WAIT);
    }

    @Test
    void anOwnerThatFailedIsMadeUpForByAStandIn() {
        assertThat(owner(twoOfThree, 0)).isEqualTo(Decision.WAIT);
        assertThat(twoOfThree.ownerFailed(1)).isEqualTo(Decision.WAIT);
        assertThat(twoOfThree.ownerFailed(2)).isEqualTo(Decision.WAIT);
        assertThat(standIn(twoOfThree, 2, 9)).isEqualTo(Decision.MET);
    }

    @Test
    void isOutOfReachWhenTooFewOwnersAreLeft() {
        WriteQuorum twoOwners = new WriteQuorum(3, 2, 2);
        assertThat(standIn(twoOwners, 0, 8)).isEqualTo(Decision.WAIT);
        assertThat(standIn(twoOwners, 1, 9)).isEqualTo(Decision.WAIT);
        assertThat(twoOwners.ownerFailed(0)).isEqualTo(Decision.WAIT);
        assertThat(twoOwners.ownerFailed(1)).isEqualTo(Decision.OUT_OF_REACH);
    }

    private static Decision owner(WriteQuorum quorum, int position) {
        return quorum.acknowledged(position, new NodeId(position + 1), true);
    }

    private static Decision standIn(WriteQuorum quorum, int position, int node) {
        return quorum.acknowledged(position, new NodeId(node), false);
    }
}
