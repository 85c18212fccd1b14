package dev.quorate.core.topology;

import java.util.function.Function;

/** What came of planning. */
public sealed interface PlanOutcome {
    /** This would be done. Nothing is, before {@link Topology#commit} names the plan. */
    record Planned(RingPlan plan) implements PlanOutcome {
        @Override
        public <T> T match(
                Function<? super RingPlan, ? extends T> planned, Function<? super Rejection, ? extends T> rejected) {
            return planned.apply(plan);
        }
    }

    /** There is no plan. */
    record NoPlan(Rejection rejection) implements PlanOutcome {
        @Override
        public <T> T match(
                Function<? super RingPlan, ? extends T> planned, Function<? super Rejection, ? extends T> rejected) {
            return rejected.apply(rejection);
        }
    }

    <T> T match(Function<? super RingPlan, ? extends T> planned, Function<? super Rejection, ? extends T> rejected);
}
