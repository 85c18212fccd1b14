package dev.quorate.cli.key;

import com.google.gson.JsonObject;
import dev.quorate.cli.terminal.Json;
import dev.quorate.proto.kv.v1.Report;

/** What an operation achieved, for people and for programs. */
final class Reports {
    private Reports() {}

    static String line(Report report) {
        return "coordinator " + report.getCoordinator() + ", " + report.getAcknowledgements() + " of "
                + report.getRequired() + " required answers (" + String.join(", ", report.getNodesList()) + "), "
                + report.getPrimaries() + " of them owners"
                + (report.getFallbacks() == 0 ? "" : ", " + report.getFallbacks() + " in the place of owners")
                + (report.getHintedCount() == 0 ? "" : ", kept for " + String.join(", ", report.getHintedList()));
    }

    static JsonObject json(Report report) {
        JsonObject json = new JsonObject();
        json.addProperty("coordinator", report.getCoordinator());
        json.addProperty("acknowledgements", report.getAcknowledgements());
        json.addProperty("primaries", report.getPrimaries());
        json.addProperty("required", report.getRequired());
        json.add("nodes", Json.strings(report.getNodesList()));
        json.addProperty("fallbacks", report.getFallbacks());
        json.addProperty("strict", report.getStrict());
        json.add("hinted", Json.strings(report.getHintedList()));
        return json;
    }
}
