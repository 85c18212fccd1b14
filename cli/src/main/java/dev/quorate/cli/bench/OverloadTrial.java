package dev.quorate.cli.bench;

import com.google.gson.JsonObject;
import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.concurrent.TimeUnit;
import java.util.function.ToLongFunction;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** Offers a cluster many times what it can do, and looks at what it still does, what it refuses, and how soon it is as before. */
final class OverloadTrial {
    /** In the order of time. */
    enum Phase {
        BEFORE,
        OVERLOAD,
        /** Nothing begins; the overload's last answers come. */
        DRAIN,
        AFTER
    }

    /**
     * What to offer.
     *
     * @param usual operations per second before and after
     * @param much operations per second of the overload
     * @param mostInFlight of the generator, which drops what would begin above it
     */
    record Plan(double usual, double much, int mostInFlight, Duration before, Duration overload, Duration after) {}

    private static final @Nullable OperatingSystemMXBean SYSTEM =
            ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean bean ? bean : null;
    private static final long SLICE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final ServerProcesses servers;
    private final Plan plan;
    private final KeyDistribution.Chooser keys;
    private final List<OverloadSecond> seconds = new ArrayList<>();

    OverloadTrial(ServerProcesses servers, Plan plan, KeyDistribution.Chooser keys) {
        this.servers = servers;
        this.plan = plan;
        this.keys = keys;
    }

    Outcome run(Target target) throws InterruptedException {
        long began = System.nanoTime();
        run(target, Phase.BEFORE, plan.usual(), plan.before(), began);
        run(target, Phase.OVERLOAD, plan.much(), plan.overload(), began);
        run(target, Phase.AFTER, plan.usual(), plan.after(), began);
        return new Outcome(seconds);
    }

    private void run(Target target, Phase phase, double rate, Duration duration, long began)
            throws InterruptedException {
        Load load = new OpenLoop(target, Work.random(Mix.HALF, keys, phase.ordinal() + 1), rate, plan.mostInFlight());
        load.start();
        try {
            long begin = System.nanoTime();
            Slices slices = new Slices(load, began, begin);
            for (int i = 1; slices.last - begin < duration.toNanos(); i++) {
                TimeUnit.NANOSECONDS.sleep(Math.max(0, begin + i * SLICE_NANOS - System.nanoTime()));
                slices.take(phase);
            }
            load.stop();
            if (phase == Phase.OVERLOAD) {
                slices.take(Phase.DRAIN);
            }
        } finally {
            load.stop();
        }
    }

    /** Cuts a load's time into pieces that leave nothing out. */
    private final class Slices {
        private final Load load;
        private final long began;
        private long last;
        private long serversLast = servers.cpuMicros();
        private long clientLast = clientCpuMicros();

        Slices(Load load, long began, long begin) {
            this.load = load;
            this.began = began;
            this.last = begin;
        }

        void take(Phase phase) {
            Recording.Interval interval = load.recording().take();
            long now = System.nanoTime();
            long serversNow = servers.cpuMicros();
            long clientNow = clientCpuMicros();
            seconds.add(new OverloadSecond(
                    phase,
                    (now - began) / 1e9,
                    (now - last) / 1e9,
                    interval,
                    servers.residentBytes(),
                    serversNow - serversLast,
                    clientNow - clientLast));
            last = now;
            serversLast = serversNow;
            clientLast = clientNow;
        }
    }

    private static long clientCpuMicros() {
        return SYSTEM == null ? 0 : SYSTEM.getProcessCpuTime() / 1000;
    }

    /** All seconds of a trial. */
    record Outcome(List<OverloadSecond> seconds) {
        /** How much worse than before the last percent may be for the overload to count as over. */
        private static final double AS_BEFORE = 2;

        Outcome {
            seconds = List.copyOf(seconds);
        }

        List<OverloadSecond> of(Phase phase) {
            return seconds.stream().filter(each -> each.phase() == phase).toList();
        }

        double goodput(Phase phase) {
            return perSecond(phase, OverloadSecond::answered);
        }

        double dropped(Phase phase) {
            return perSecond(phase, OverloadSecond::left);
        }

        /** By the time that passed: a machine that is busy does not cut it into equal pieces. */
        private double perSecond(Phase phase, ToLongFunction<OverloadSecond> count) {
            double passed =
                    of(phase).stream().mapToDouble(OverloadSecond::seconds).sum();
            return passed == 0 ? 0 : of(phase).stream().mapToLong(count).sum() / passed;
        }

        SortedMap<String, Long> failures(Phase phase) {
            return OutageSecond.sum(
                    of(phase).stream().map(second -> second.load().failures()).toList());
        }

        Latencies response(Phase phase) {
            Histogram all = new Histogram(Recording.DIGITS);
            of(phase).forEach(second -> all.add(second.load().response()));
            return Latencies.of(all);
        }

        long mostResidentBytes(Phase phase) {
            return of(phase).stream()
                    .mapToLong(OverloadSecond::residentBytes)
                    .max()
                    .orElse(0);
        }

        /**
         * From the end of the overload until nothing fails any more and the last percent waits at most twice as long as before; negative if that
         * did not come.
         */
        double recoveredAfterSeconds() {
            double usual = response(Phase.BEFORE).p99() / 1e3;
            double end = 0;
            double lastBad = 0;
            for (OverloadSecond second : seconds) {
                boolean good = second.phase() == Phase.AFTER
                        && second.load().failures().isEmpty()
                        && second.p99Millis() <= AS_BEFORE * usual;
                if (second.phase().ordinal() <= Phase.OVERLOAD.ordinal()) {
                    end = second.at();
                }
                lastBad = good ? lastBad : second.at();
            }
            return lastBad == seconds.get(seconds.size() - 1).at() ? -1 : lastBad - end;
        }

        JsonObject json() {
            JsonObject json = new JsonObject();
            for (Phase phase : Phase.values()) {
                JsonObject each = new JsonObject();
                each.addProperty("seconds", of(phase).size());
                each.addProperty("goodput", Math.round(goodput(phase)));
                each.addProperty("dropped", Math.round(dropped(phase)));
                each.add("responseMicros", response(phase).json());
                each.addProperty("mostResidentBytes", mostResidentBytes(phase));
                JsonObject reasons = new JsonObject();
                failures(phase).forEach(reasons::addProperty);
                each.add("failures", reasons);
                json.add(phase.name().toLowerCase(Locale.ROOT), each);
            }
            json.addProperty("recoveredAfterSeconds", Math.round(recoveredAfterSeconds() * 10) / 10.0);
            return json;
        }
    }
}
