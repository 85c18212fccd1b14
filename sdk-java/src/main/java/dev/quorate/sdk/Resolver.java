package dev.quorate.sdk;

import java.util.List;
import java.util.function.BinaryOperator;

/**
 * Makes one value of several that were written concurrently. Called with at least two values, deletions left out, in the order in which
 * the node sent them, which means nothing: the result must not depend on it, or two clients will keep disagreeing. Must be thread-safe.
 */
@FunctionalInterface
public interface Resolver<T> {
    T resolve(List<T> siblings);

    /** Merges pairwise, for example {@code Resolver.merging(Cart::union)}; the function should be associative and commutative. */
    static <T> Resolver<T> merging(BinaryOperator<T> merge) {
        return siblings -> {
            T merged = siblings.get(0);
            for (T sibling : siblings.subList(1, siblings.size())) {
                merged = merge.apply(merged, sibling);
            }
            return merged;
        };
    }
}
