package dev.quorate.cli.bench;

import com.google.gson.JsonObject;
import org.HdrHistogram.Histogram;

/** The points of a distribution that are printed, in microseconds. An average alone hides what users feel. */
record Latencies(double p50, double p90, double p99, double p999, double max) {

    static Latencies of(Histogram nanos) {
        return new Latencies(
                micros(nanos.getValueAtPercentile(50)),
                micros(nanos.getValueAtPercentile(90)),
                micros(nanos.getValueAtPercentile(99)),
                micros(nanos.getValueAtPercentile(99.9)),
                micros(nanos.getMaxValue()));
    }

    private static double micros(long nanos) {
        return Math.round(nanos / 100.0) / 10.0;
    }

    JsonObject json() {
        JsonObject json = new JsonObject();
        json.addProperty("p50", p50);
        json.addProperty("p90", p90);
        json.addProperty("p99", p99);
        json.addProperty("p999", p999);
        json.addProperty("max", max);
        return json;
    }

    static Latencies fromJson(JsonObject json) {
        return new Latencies(
                json.get("p50").getAsDouble(),
                json.get("p90").getAsDouble(),
                json.get("p99").getAsDouble(),
                json.get("p999").getAsDouble(),
                json.get("max").getAsDouble());
    }
}
