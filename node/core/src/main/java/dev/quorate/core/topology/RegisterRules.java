package dev.quorate.core.topology;

/**
 * The decisions of the register on which its safety rests, each in one method, each without state; see {@code SafetyRules} for why they stand
 * together. Production uses them as they are here.
 */
public class RegisterRules {
    /** Whether an acceptor promises a ballot, having promised another: only a greater one, so that no two proposers share one. */
    public boolean mayPromise(int orderToPromised) {
        return orderToPromised > 0;
    }

    /** The rounds that a new ballot has to pass, when a voter of the same node has promised this one, perhaps in a former life. */
    public long roundsToPass(long promised) {
        return promised;
    }

    /** Whether an acceptor answers only when a later process of its node will know what it answered. */
    public boolean answersOnlyDurable() {
        return true;
    }

    /** Whether a voter that may have lost its memory abstains until it has learned from the others what it may have promised and accepted. */
    public boolean forgetfulVotersAbstain() {
        return true;
    }

    /** Whether other voters are agreed about by the majorities of both the former and the new ones, in two steps. */
    public boolean changesVotersJointly() {
        return true;
    }

    /** Whether a value needs the majorities that its ballot was prepared with, and not only that of the voters to come. */
    public boolean acceptsByQuorumsOfPrepare() {
        return true;
    }

    /** Whether voters that a change puts out count for nothing when it is prepared, so that those who stay can go on without them. */
    public boolean keepsAMajority() {
        return true;
    }

    /** Whether what was found in a prepare may be used at once, though nobody knows that it was accepted by a majority. */
    public boolean adoptsBeforeAccept() {
        return false;
    }

    /** Whether a value found with other voters than expected is written back under both before anything is made of it. */
    public boolean writesBackWhatItFinds() {
        return true;
    }
}
