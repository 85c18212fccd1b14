package dev.quorate.cli.bench;

import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import java.util.SortedMap;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** Ways to put load on a target. */
final class Loads {
    private static final int LOADERS = 128;

    private Loads() {}

    static ClosedLoop closed(Target target, int users, Mix mix, KeyDistribution.Chooser keys, long seed) {
        return new ClosedLoop(
                target,
                IntStream.range(0, users)
                        .mapToObj(user -> Work.random(mix, keys, seed * 1_000_003 + user))
                        .toList());
    }

    /** Writes every key once, so that reads find something. */
    static void fill(Target target, long keys) throws InterruptedException {
        ClosedLoop loop = new ClosedLoop(
                target,
                LongStream.range(0, Math.min(LOADERS, keys))
                        .mapToObj(user -> Work.load(user, LOADERS, keys))
                        .toList());
        loop.start();
        loop.awaitEnd();
        SortedMap<String, Long> failures = loop.recording().take().failures();
        if (!failures.isEmpty()) {
            throw new CommandFailure(
                    ExitCode.UNAVAILABLE,
                    "the keys could not all be written: " + failures,
                    "see who is missing: kvctl cluster status");
        }
    }
}
