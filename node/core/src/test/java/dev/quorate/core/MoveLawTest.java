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
        NO_PROXY(1000, new TransferRules() {
            @Override
            public boolean proxiesReads() {
                return false;
            }
        }),
        ACKNOWLEDGED_BEFORE_THE_RECEIVER_HAS_IT(1000, new TransferRules() {
            @Override
            public boolean waitsForReceiver() {
                return false;
            }
        }),
        NO_COMPARISON_AFTER_SYNC(1000, new TransferRules() {
            @Override
            public boolean comparesAfterSync() {
                return false;
            }
        }),
        FLIPPING_FORGOTTEN_BY_A_RESTART(1000, new TransferRules() {
            @Override
            public boolean persistsFlipping() {
                return false;
            }
        }),
        UNKNOWN_MOVE_NOT_REFUSED(1000, new TransferRules() {
            @Override
            public boolean refusesUnknownMoves() {
                return false;
            }
        }),
        ACKNOWLEDGED_ALONE_WHILE_FLIPPING(1000, new TransferRules() {
            @Override
            public boolean mayAcknowledgeAlone(boolean flipping) {
                return true;
            }
        }),
        PURGE_GOES_ON(1000, new TransferRules() {
            @Override
            public boolean purgeGivesWay() {
                return false;
            }
        });

        private final int seeds;
        private final TransferRules rules;

        Mutant(int seeds, TransferRules rules) {
            this.seeds = seeds;
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

    @ParameterizedTest
    @EnumSource
    void aMistakeIsCaught(Mutant mutant) {
        for (long seed = 1; seed <= mutant.seeds; seed++) {
            if (!new MoveWorld(seed, mutant.rules).run(STEPS).isEmpty()) {
                return;
            }
        }
        fail("%s was not caught in %d seeds", mutant, mutant.seeds);
    }
}
