package dev.quorate.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What measurements refuse before they start anything. */
class BenchOptionsTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "curves --keys 10,0 | --keys go from 1 to a billion",
                "curves --in-flight 1,10001 | --in-flight goes from 1 to 10000",
                "curves --values 0 | --values go from 1 to 10224: key and value together are at most 10 KiB",
                "curves --values 100,10225 | --values go from 1 to 10224: key and value together are at most 10 KiB",
                "curves --nodes 17 | --nodes go from 1 to 16",
                "curves --only widths | 'widths'",
                "curves --duration 5 | '5' is not a duration",
                "cold --key-count 0 | --key-count goes from 1 to a billion",
                "cold --value-size 10225 | --value-size goes from 0 to 10224: key and value together are at most 10 KiB",
                "cold --in-flight 0 | --in-flight goes from 1 to 10000",
                "cold --warm-rate 0 | --warm-rate is above 0 and at most 10 thousand",
                "cold --reads disk | 'disk'",
            })
    void whatCannotBeMeasuredIsAUsageError(String arguments, String message) {
        Run run = Run.of(folder, Map.of(), "", ("bench " + arguments).split(" "));
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains(message);
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void soundOptionsFailOnlyForLackOfALauncher() {
        for (String what : new String[] {"curves", "cold"}) {
            Run run = Run.of(folder, Map.of(), "", "bench", what);
            assertThat(run.exitCode()).isEqualTo(1);
            assertThat(run.err()).contains("kvnode");
        }
    }
}
