package dev.quorate.sdk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.sdk.QuorateException.Reason;
import dev.quorate.sdk.RetryPolicy.Next;
import dev.quorate.sdk.RetryPolicy.Situation;
import dev.quorate.sdk.transport.Failure;
import java.util.EnumSet;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RetryPolicyTest {
    private static final EnumSet<Reason> ELSEWHERE_THOUGH_A_WRITE =
            EnumSet.of(Reason.NOT_ENOUGH_REPLICAS_ALIVE, Reason.NODE_DRAINING, Reason.NODE_STARTING, Reason.OVERLOADED);

    private static Failure failure(Failure.Kind kind, String reason, long retryAfterNanos) {
        return new Failure(kind, "n1", "h:1", 7, reason, "text", Map.of(), retryAfterNanos, null);
    }

    private static Failure answered(Reason reason) {
        return failure(Failure.Kind.ANSWERED, reason.name(), 0);
    }

    private static RetryPolicy.Decision decide(
            boolean write, boolean allowDuplicates, boolean before, Failure failure) {
        boolean applied = before || (write && RetryPolicy.possiblyApplied(failure));
        return RetryPolicy.decide(new Situation(write, allowDuplicates, applied, 1), failure);
    }

    @ParameterizedTest
    @EnumSource
    void readsGoAnywhereAfterAnyFailureOfTheNode(Failure.Kind kind) {
        Next next = decide(false, true, false, failure(kind, "OVERLOADED", 0)).next();
        assertThat(next).isEqualTo(Next.OTHER_NODE);
    }

    @ParameterizedTest
    @EnumSource
    void aWriteGoesElsewhereOnlyIfNothingOfItCanHaveBeenApplied(Reason reason) {
        Next next = decide(true, false, false, answered(reason)).next();
        assertThat(next == Next.OTHER_NODE).isEqualTo(ELSEWHERE_THOUGH_A_WRITE.contains(reason));
    }

    @ParameterizedTest
    @EnumSource
    void onceAWriteMayHaveBeenAppliedItNeverGoesElsewhere(Reason reason) {
        assertThat(decide(true, false, true, answered(reason)).next()).isNotEqualTo(Next.OTHER_NODE);
    }

    @Test
    void onceAWriteMayHaveBeenAppliedNoFailureOfTheConnectionSendsItElsewhere() {
        for (Failure.Kind kind : Failure.Kind.values()) {
            assertThat(decide(true, false, true, failure(kind, "", 0)).next())
                    .as("%s", kind)
                    .isNotEqualTo(Next.OTHER_NODE);
        }
        assertThat(decide(true, false, false, failure(Failure.Kind.LOST, "", 0)).next())
                .isEqualTo(Next.SAME_BOOT);
    }

    @Test
    void duplicatesAllowedMeansElsewhere() {
        assertThat(decide(true, true, false, failure(Failure.Kind.LOST, "", 0)).next())
                .isEqualTo(Next.OTHER_NODE);
        assertThat(decide(true, true, true, answered(Reason.QUORUM_NOT_MET)).next())
                .isEqualTo(Next.OTHER_NODE);
    }

    @Test
    void aRefusedConnectionCostsNoBudget() {
        var decision = decide(true, false, false, failure(Failure.Kind.NOT_CONNECTED, "", 0));
        assertThat(decision.next()).isEqualTo(Next.OTHER_NODE);
        assertThat(decision.costsBudget()).isFalse();
    }

    @ParameterizedTest
    @EnumSource(names = {"QUORUM_NOT_MET", "DEADLINE", "INTERNAL", "RECORD_CORRUPT", "UNKNOWN"})
    void answersThatDoNotVouchForNothingWrittenLeaveTheOutcomeOpen(Reason reason) {
        assertThat(RetryPolicy.possiblyApplied(answered(reason))).isTrue();
    }

    @Test
    void aReasonOfANewerServerIsUnknownAndNotRetried() {
        Failure newer = failure(Failure.Kind.ANSWERED, "SOMETHING_NEW", 0);
        assertThat(RetryPolicy.reason(newer)).isEqualTo(Reason.UNKNOWN);
        assertThat(decide(false, true, false, newer).next()).isEqualTo(Next.FAIL);
    }

    @Test
    void waitsAtLeastAsLongAsTheNodeAskedFor() {
        var decision = decide(false, true, false, failure(Failure.Kind.ANSWERED, "OVERLOADED", 123_000_000));
        assertThat(decision.delayNanos()).isEqualTo(123_000_000);
    }

    @Test
    void givesUpAfterABoundedNumberOfAnswers() {
        var decision = RetryPolicy.decide(
                new Situation(false, true, false, RetryPolicy.MAX_ATTEMPTS), answered(Reason.OVERLOADED));
        assertThat(decision.next()).isEqualTo(Next.FAIL);
    }

    @Test
    void theBudgetLetsATenthOfTheRequestsBeRetriesBeyondItsReserve() {
        RetryBudget budget = new RetryBudget(5);
        int retries = 0;
        for (int request = 0; request < 1_000; request++) {
            budget.requestStarted();
            while (budget.tryRetry()) {
                retries++;
            }
        }
        assertThat(retries).isBetween(100, 105);
        assertThat(budget.refused()).isPositive();
    }
}
