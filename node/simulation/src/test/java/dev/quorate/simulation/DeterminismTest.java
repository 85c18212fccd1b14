package dev.quorate.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A seed is one run, in this process and in any other. */
class DeterminismTest {
    private static final int SEEDS = 20;

    /** In another process: prints the trace of each seed. */
    static final class Traces {
        private Traces() {}

        public static void main(String[] arguments) {
            traces().forEach(System.out::println);
        }
    }

    private static List<String> traces() {
        List<String> traces = new ArrayList<>();
        for (long seed = 1; seed <= SEEDS; seed++) {
            RunReport report = Simulation.run(seed);
            traces.add(seed + " " + Long.toHexString(report.trace()) + " " + report.events());
        }
        return traces;
    }

    @Test
    void aSeedRunsTheSameWayTwice() {
        assertThat(traces()).isEqualTo(traces());
    }

    @Test
    void aSeedRunsTheSameWayInAnotherProcess() throws IOException, InterruptedException {
        Process other = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx256m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Traces.class.getName())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        List<String> there = new String(other.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                .lines()
                .toList();
        assertThat(other.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(other.exitValue()).isZero();
        assertThat(there).isEqualTo(traces());
    }

    @Test
    void anotherSeedIsAnotherRun() {
        assertThat(Simulation.run(1).trace()).isNotEqualTo(Simulation.run(2).trace());
    }
}
