package dev.quorate.cli.bench;

import com.google.gson.JsonObject;

/** One case over all rounds. */
record Summary(
        SuiteCase what,
        Spread throughput,
        Spread ratio,
        Spread p50Micros,
        Spread p99Micros,
        Spread serverCpuMicros,
        long failures) {

    JsonObject json() {
        JsonObject json = new JsonObject();
        json.addProperty("subject", what.subject().name());
        json.addProperty("operation", what.operation());
        json.addProperty("valueSize", what.valueSize());
        json.addProperty("inFlight", what.inFlight());
        json.addProperty("throughput", rounded(throughput.median()));
        json.addProperty("ratioToEcho", Math.round(ratio.median() * 1000) / 1000.0);
        json.addProperty("p50Micros", rounded(p50Micros.median()));
        json.addProperty("p99Micros", rounded(p99Micros.median()));
        json.addProperty("serverCpuMicrosPerOperation", rounded(serverCpuMicros.median()));
        json.addProperty("failures", failures);
        return json;
    }

    private static double rounded(double value) {
        return Math.round(value * 10) / 10.0;
    }
}
