package dev.quorate.cli.key;

import com.google.gson.JsonObject;
import com.google.protobuf.Timestamp;
import dev.quorate.cli.terminal.Table;
import dev.quorate.proto.kv.v1.Sibling;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.List;

/** Concurrent values of one key, numbered from 1 in the order of their versions: the same numbers at every reading. */
final class Siblings {
    private Siblings() {}

    static List<Sibling> ordered(List<Sibling> siblings) {
        return siblings.stream()
                .sorted(Comparator.comparing(Sibling::getVersionId))
                .toList();
    }

    static Table table(List<Sibling> ordered) {
        Table table = new Table("#", "VALUE", "VERSION", "WRITTEN");
        int number = 1;
        for (Sibling sibling : ordered) {
            table.row(
                    number++,
                    sibling.hasValue() ? ValueText.cell(sibling.getValue()) : "(deleted)",
                    sibling.getVersionId(),
                    written(sibling.getUpdateTime()));
        }
        return table;
    }

    static JsonObject json(Sibling sibling) {
        JsonObject json = new JsonObject();
        json.addProperty("deleted", !sibling.hasValue());
        if (sibling.hasValue()) {
            ValueText.addTo(json, sibling.getValue());
        }
        json.addProperty("version", sibling.getVersionId());
        json.addProperty("written", written(sibling.getUpdateTime()));
        return json;
    }

    private static String written(Timestamp time) {
        return Instant.ofEpochSecond(time.getSeconds(), time.getNanos())
                .truncatedTo(ChronoUnit.MILLIS)
                .toString();
    }
}
