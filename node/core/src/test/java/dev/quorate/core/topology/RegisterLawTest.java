package dev.quorate.core.topology;

import static dev.quorate.core.Seeds.forEachSeed;
import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.core.peer.PeerRequest;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Whatever messages and crashes do, what nodes adopt is one chain of states, each made from the one before. */
class RegisterLawTest {
    private static final int STEPS = 900;

    @Test
    void whatIsAgreedAboutIsOneChain() {
        forEachSeed(300, seed -> {
            RegisterWorld world = new RegisterWorld(seed, new RegisterRules());
            world.run(STEPS);
            world.settle();
            assertThat(world.violation()).isNull();
        });
    }

    @Test
    void disksThatAreLostOneAtATimeChangeNothing() {
        forEachSeed(
                200, seed -> assertThat(losesDisks(seed, new RegisterRules())).isNull());
    }

    @Test
    void aVoterThatDoesNotAbstainAfterLosingItsDiskForks() {
        RegisterRules mistake = new RegisterRules() {
            @Override
            public boolean forgetfulVotersAbstain() {
                return false;
            }
        };
        for (long seed = 1; seed <= 200; seed++) {
            if (losesDisks(seed, mistake) != null) {
                return;
            }
        }
        throw new AssertionError("no seed sees what is wrong with it");
    }

    private static @Nullable String losesDisks(long seed, RegisterRules rules) {
        RegisterWorld world = new RegisterWorld(seed, rules, true);
        world.found();
        world.run(STEPS);
        world.settle();
        return world.violation();
    }

    /**
     * A node that is no voter tries, crashes while voters are about to accept, and tries again as if it never had. Too rare for seeds: it has to be
     * the first that this node ever tries.
     */
    @Test
    void aPromiseForAnEqualBallotForks() {
        RegisterRules mistake = new RegisterRules() {
            @Override
            public boolean mayPromise(int orderToPromised) {
                return orderToPromised >= 0;
            }
        };
        assertThat(triesTwiceWithOneBallot(mistake)).contains("VOTERS_FORGOT");
        assertThat(triesTwiceWithOneBallot(new RegisterRules())).isNull();
    }

    private static @Nullable String triesTwiceWithOneBallot(RegisterRules rules) {
        RegisterWorld world = new RegisterWorld(1, rules);
        world.submit(6);
        world.deliverAllBut(PeerRequest.AcceptRing.class::isInstance);
        world.crash(6);
        List<PeerRequest> late = world.onTheWay();
        world.submit(6);
        world.deliverAllBut(request -> late.stream().anyMatch(each -> each == request));
        world.settle();
        return world.violation();
    }

    @Test
    void aVoterThatForgetsForks() {
        breaksWithin(500, new RegisterRules() {
            @Override
            public boolean answersOnlyDurable() {
                return false;
            }
        });
    }

    @Test
    void changingVotersInOneStepForks() {
        breaksWithin(500, new RegisterRules() {
            @Override
            public boolean changesVotersJointly() {
                return false;
            }
        });
    }

    @Test
    void acceptingByTheNewVotersAloneForks() {
        breaksWithin(500, new RegisterRules() {
            @Override
            public boolean acceptsByQuorumsOfPrepare() {
                return false;
            }
        });
    }

    @Test
    void adoptingWhatAPrepareFindsAdoptsWhatIsNeverAgreedAbout() {
        breaksWithin(500, new RegisterRules() {
            @Override
            public boolean adoptsBeforeAccept() {
                return true;
            }
        });
    }

    @Test
    void goingOnFromWhatAPrepareFindsForks() {
        breaksWithin(3_000, new RegisterRules() {
            @Override
            public boolean writesBackWhatItFinds() {
                return false;
            }
        });
    }

    private static void breaksWithin(int seeds, RegisterRules mistake) {
        for (long seed = 1; seed <= seeds; seed++) {
            RegisterWorld world = new RegisterWorld(seed, mistake);
            world.run(STEPS);
            world.settle();
            if (world.violation() != null) {
                return;
            }
        }
        throw new AssertionError("no seed up to " + seeds + " sees what is wrong with it");
    }
}
