package dev.quorate.benchmarks;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import org.openjdk.jmh.Main;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/**
 * Runs the benchmarks in a few minutes, or with {@code --quick} in less than one, which shows that they run and no more. All other
 * arguments are JMH's own, which win over what is set here: a regular expression chooses benchmarks, {@code -h} names the rest.
 */
public final class Benchmarks {
    private static final String QUICK_FLAG = "--quick";
    private static final Effort USUAL = new Effort(2, 3, 5, TimeValue.milliseconds(200));
    private static final Effort QUICK = new Effort(1, 1, 1, TimeValue.milliseconds(50));

    /** How thoroughly to measure where the command line does not say. */
    private record Effort(int forks, int warmUps, int measurements, TimeValue each) {
        Options unlessChosen(CommandLineOptions chosen) {
            return new OptionsBuilder()
                    .parent(chosen)
                    .forks(chosen.getForkCount().orElse(forks))
                    .warmupIterations(chosen.getWarmupIterations().orElse(warmUps))
                    .warmupTime(chosen.getWarmupTime().orElse(each))
                    .measurementIterations(chosen.getMeasurementIterations().orElse(measurements))
                    .measurementTime(chosen.getMeasurementTime().orElse(each))
                    .build();
        }
    }

    private Benchmarks() {}

    public static void main(String[] arguments) throws Exception {
        List<String> forJmh = new ArrayList<>(Arrays.asList(arguments));
        Effort effort = forJmh.removeIf(QUICK_FLAG::equals) ? QUICK : USUAL;
        CommandLineOptions chosen = new CommandLineOptions(forJmh.toArray(new String[0]));
        if (asksForText(chosen)) {
            Main.main(forJmh.toArray(new String[0]));
            return;
        }
        Collection<RunResult> results = new Runner(effort.unlessChosen(chosen)).run();
        for (RunResult result : results) {
            printGroupSize(result);
        }
    }

    private static boolean asksForText(CommandLineOptions chosen) {
        return chosen.shouldHelp()
                || chosen.shouldList()
                || chosen.shouldListWithParams()
                || chosen.shouldListProfilers()
                || chosen.shouldListResultFormats();
    }

    /** JMH prints times only; what two of them say together is why the log is measured. */
    private static void printGroupSize(RunResult result) {
        @SuppressWarnings("rawtypes")
        Result syncs = result.getSecondaryResults().get("syncs");
        if (syncs != null) {
            double perSync = syncs.getScore() / result.getPrimaryResult().getScore();
            System.out.printf(
                    "%s in flight, %s B: %.1f appends a sync%n",
                    result.getParams().getParam("inFlight"), result.getParams().getParam("valueBytes"), perSync);
        }
    }
}
