package dev.quorate.core;

import static dev.quorate.core.Seeds.forEachSeed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.quorate.core.storage.TransferRules;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A slot that moves to and fro loses nothing, and no strict read misses what was strictly acknowledged before it (rules.md A8, A12). */
class MoveLawTest {
    private static final int STEPS = 700;

    /** Plausible mistakes, each of which some seed shows. */
    enum Mutant {
        NO_PROXY(0, new TransferRules() {
            @Override
            public boolean proxiesReads() {
                return false;
            }
        }),
        ACKNOWLEDGED_BEFORE_THE_RECEIVER_HAS_IT(0, new TransferRules() {
            @Override
            public boolean waitsForReceiver() {
                return false;
            }
        }),
        NO_COMPARISON_AFTER_SYNC(0, new TransferRules() {
            @Override
            public boolean comparesAfterSync() {
                return false;
            }
        }),
        FLIPPING_FORGOTTEN_BY_A_RESTART(0, new TransferRules() {
            @Override
            public boolean persistsFlipping() {
                return false;
            }
        }),
        UNKNOWN_MOVE_NOT_REFUSED(0, new TransferRules() {
            @Override
            public boolean refusesUnknownMoves() {
                return false;
            }
        }),
        ACKNOWLEDGED_ALONE_WHILE_FLIPPING(0, new TransferRules() {
            @Override
            public boolean mayAcknowledgeAlone(boolean flipping) {
                return true;
            }
        }),
        /** Rare, as a purge is quick: its first two thousand seeds are left out. */
        PURGE_GOES_ON(2000, new TransferRules() {
            @Override
            public boolean purgeGivesWay() {
                return false;
            }
        });

        private static final int SEEDS = 1000;

        private final int leftOut;
        private final TransferRules rules;

        Mutant(int leftOut, TransferRules rules) {
            this.leftOut = leftOut;
            this.rules = rules;
        }
    }

    @Test
    void nothingIsLostAndNoStrictReadIsStale() {
        SortedMap<String, Integer> seen = new TreeMap<>();
        forEachSeed(Integer.getInteger("moves.seeds", 300), seed -> {
            MoveWorld world = new MoveWorld(seed, new TransferRules());
            assertThat(world.run(STEPS)).isEmpty();
            world.seen().forEach((what, times) -> seen.merge(what, times, Integer::sum));
        });
        if (Long.getLong("seed") == null) {
            // A world in which nothing happens would prove nothing.
            assertThat(seen).containsKeys("flips", "begun again", "cancels", "crashes", "disks lost");
        }
    }

    /**
     * A source that lost its disk learned of its move only from the ring that it was told, and began it as if no former process could have
     * asked for its end: what it then acknowledged alone the receiver did not have.
     */
    @Test
    void aSourceThatLostItsDiskDoubtsEveryMoveItIsToldOf() {
        assertThat(new MoveWorld(1648, new TransferRules()).run(STEPS)).isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void aMistakeIsCaught(Mutant mutant) {
        for (long seed = mutant.leftOut + 1L; seed <= mutant.leftOut + Mutant.SEEDS; seed++) {
            if (!new MoveWorld(seed, mutant.rules).run(STEPS).isEmpty()) {
                System.out.println(mutant + " caught by seed " + seed);
                return;
            }
        }
        fail("%s was not caught in %d seeds", mutant, Mutant.SEEDS);
    }
}
