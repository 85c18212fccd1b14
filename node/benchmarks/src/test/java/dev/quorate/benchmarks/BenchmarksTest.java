package dev.quorate.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.core.version.RecordCodecBenchmark;
import dev.quorate.server.lmdb.MemoryTableBenchmark;
import java.lang.reflect.Method;
import java.util.Collection;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Whether the benchmarks still run. What they measure here means nothing. */
class BenchmarksTest {
    @Test
    void everyBenchmarkRunsToItsEnd() throws RunnerException {
        // JMH lets only one measurement run on a machine, and nothing is measured here.
        System.setProperty("jmh.ignoreLock", "true");

        Collection<RunResult> results = new Runner(new OptionsBuilder()
                        .forks(0)
                        .warmupIterations(0)
                        .measurementIterations(1)
                        .measurementTime(TimeValue.milliseconds(1))
                        // One value of each: all their combinations would take longer than they are worth here.
                        .param("inFlight", "64")
                        .param("intervals", "96")
                        .param("nodes", "100")
                        .param("siblings", "3")
                        .param("valueBytes", "1024")
                        .shouldFailOnError(true)
                        .verbosity(VerboseMode.SILENT)
                        .build())
                .run();

        assertThat(results.stream().map(result -> result.getParams().getBenchmark()))
                .containsExactlyInAnyOrderElementsOf(names().toList());
        assertThat(results)
                .allSatisfy(result ->
                        assertThat(result.getPrimaryResult().getScore()).isPositive());
    }

    private static Stream<String> names() {
        return Stream.of(
                        CommitLogBenchmark.class,
                        MemoryTableBenchmark.class,
                        RecordCodecBenchmark.class,
                        RingLookUpBenchmark.class,
                        VersionMergeBenchmark.class)
                .flatMap(type -> Stream.of(type.getMethods())
                        .filter(method -> method.isAnnotationPresent(Benchmark.class))
                        .map(Method::getName)
                        .map(method -> type.getName() + "." + method));
    }
}
