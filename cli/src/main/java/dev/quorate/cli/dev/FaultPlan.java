package dev.quorate.cli.dev;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.quorate.cli.faults.Direction;
import dev.quorate.cli.faults.Disturbance;
import dev.quorate.cli.local.ClusterFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a local cluster's proxy is to do: a file, because the proxy has no other way to be told. A wish and not an order, so that a proxy that
 * was started anew does the same.
 *
 * @param revision raised by each change; the proxy writes back the one that is in force
 * @param resets directions whose connections are broken once, when this revision comes into force
 */
public record FaultPlan(long revision, SortedMap<Direction, Disturbance> disturbances, List<Direction> resets) {
    static final FaultPlan NONE = new FaultPlan(0, Collections.emptySortedMap(), List.of());

    /** Adds to what is disturbed. */
    FaultPlan and(SortedMap<Direction, Disturbance> more) {
        SortedMap<Direction, Disturbance> all = new TreeMap<>(disturbances);
        all.putAll(more);
        return new FaultPlan(revision + 1, all, List.of());
    }

    FaultPlan healed() {
        return new FaultPlan(revision + 1, Collections.emptySortedMap(), List.of());
    }

    FaultPlan withResets(List<Direction> directions) {
        return new FaultPlan(revision + 1, disturbances, directions);
    }

    boolean cuts(int one, int other) {
        Direction direction = new Direction(one, other);
        return disturbances.getOrDefault(direction, Disturbance.NONE).cut()
                || disturbances
                        .getOrDefault(direction.reversed(), Disturbance.NONE)
                        .cut();
    }

    static FaultPlan read(ClusterFolder folder) throws IOException {
        if (!Files.exists(folder.faults())) {
            return NONE;
        }
        JsonObject json =
                JsonParser.parseString(Files.readString(folder.faults())).getAsJsonObject();
        SortedMap<Direction, Disturbance> disturbances = new TreeMap<>();
        for (JsonElement element : json.getAsJsonArray("disturbances")) {
            JsonObject entry = element.getAsJsonObject();
            disturbances.put(
                    direction(entry),
                    new Disturbance(
                            entry.get("cut").getAsBoolean(),
                            Duration.ofMillis(entry.get("delayMillis").getAsLong()),
                            entry.get("bytesPerSecond").getAsLong()));
        }
        List<Direction> resets = new ArrayList<>();
        json.getAsJsonArray("resets").forEach(entry -> resets.add(direction(entry.getAsJsonObject())));
        return new FaultPlan(json.get("revision").getAsLong(), disturbances, resets);
    }

    void write(ClusterFolder folder) throws IOException {
        JsonObject json = new JsonObject();
        json.addProperty("revision", revision);
        json.add("disturbances", toJson());
        JsonArray breaks = new JsonArray();
        resets.forEach(direction -> breaks.add(entry(direction)));
        json.add("resets", breaks);
        folder.replace(folder.faults(), json.toString());
    }

    JsonArray toJson() {
        JsonArray array = new JsonArray();
        disturbances.forEach((direction, disturbance) -> {
            JsonObject entry = entry(direction);
            entry.addProperty("cut", disturbance.cut());
            entry.addProperty("delayMillis", disturbance.delay().toMillis());
            entry.addProperty("bytesPerSecond", disturbance.bytesPerSecond());
            array.add(entry);
        });
        return array;
    }

    private static JsonObject entry(Direction direction) {
        JsonObject entry = new JsonObject();
        entry.addProperty("from", direction.from());
        entry.addProperty("to", direction.to());
        return entry;
    }

    private static Direction direction(JsonObject entry) {
        return new Direction(entry.get("from").getAsInt(), entry.get("to").getAsInt());
    }
}
