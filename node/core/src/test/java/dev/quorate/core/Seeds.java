package dev.quorate.core;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** Runs a law over many seeds, and says which one broke it and how to run that one alone. */
public final class Seeds {
    private Seeds() {}

    /**
     * Runs the law with the seeds 1 to {@code count}, or with the one given by {@code -Dseed=N}. The first failure ends
     * the run with an error that holds the seed and the replay command.
     */
    public static void forEachSeed(int count, LongConsumer law) {
        @Nullable Long only = Long.getLong("seed");
        if (only != null) {
            run(only, law);
            return;
        }
        for (long seed = 1; seed <= count; seed++) {
            run(seed, law);
        }
    }

    private static void run(long seed, LongConsumer law) {
        try {
            law.accept(seed);
        } catch (RuntimeException | AssertionError failure) {
            throw new AssertionError(
                    "seed " + seed + ", replay: " + replay(seed) + System.lineSeparator() + failure.getMessage(),
                    failure);
        }
    }

    private static String replay(long seed) {
        return "./mvnw test -pl " + module() + " -am -Dsurefire.failIfNoSpecifiedTests=false -Dtest=" + callingTest()
                + " -Dseed=" + seed;
    }

    /** The test method that called {@link #forEachSeed}, as Surefire names it. */
    private static String callingTest() {
        return StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE)
                .walk(frames -> frames.dropWhile(frame -> !frame.getMethodName().equals("forEachSeed"))
                        .dropWhile(frame -> frame.getDeclaringClass() == Seeds.class)
                        .findFirst()
                        .map(frame -> frame.getDeclaringClass().getSimpleName() + "#" + frame.getMethodName())
                        .orElse("*"));
    }

    /** Surefire runs in the module's own directory; the build's root is the topmost parent that has a pom. */
    private static Path module() {
        Path here = Path.of("").toAbsolutePath();
        Path root = here;
        for (@Nullable Path up = here.getParent();
                up != null && Files.exists(up.resolve("pom.xml"));
                up = up.getParent()) {
            root = up;
        }
        return root.relativize(here);
    }
}
