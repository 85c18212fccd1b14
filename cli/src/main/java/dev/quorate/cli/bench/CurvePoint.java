package dev.quorate.cli.bench;

import com.google.gson.JsonObject;

/** What is the same for all operations of a measurement. */
record CurvePoint(long keys, int inFlight, int valueSize, int nodes) {
    /** Where all curves meet. */
    static final CurvePoint BASE = new CurvePoint(100_000, 64, 100, 1);

    /** What is measured on one cluster: only the users may differ. */
    CurvePoint cluster() {
        return new CurvePoint(keys, BASE.inFlight, valueSize, nodes);
    }

    String text() {
        return LogAxis.text(keys) + " keys of " + valueSize + " B on " + nodes + (nodes == 1 ? " node, " : " nodes, ")
                + inFlight + " in flight";
    }

    JsonObject json() {
        JsonObject json = new JsonObject();
        json.addProperty("keys", keys);
        json.addProperty("inFlight", inFlight);
        json.addProperty("valueSize", valueSize);
        json.addProperty("nodes", nodes);
        return json;
    }
}
