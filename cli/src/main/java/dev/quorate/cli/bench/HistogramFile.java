package dev.quorate.cli.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.HdrHistogram.Histogram;

/** A distribution as a file. */
final class HistogramFile {
    private HistogramFile() {}

    /** In microseconds, in the format that HdrHistogram's plotter reads. */
    static void write(Histogram nanos, Path file) throws IOException {
        try (PrintStream out = new PrintStream(Files.newOutputStream(file), false, StandardCharsets.UTF_8)) {
            nanos.outputPercentileDistribution(out, 1000.0);
            if (out.checkError()) {
                throw new IOException("cannot write " + file);
            }
        }
    }
}
