package dev.quorate.cli.terminal;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.Collection;
import java.util.function.Function;

/** Short forms for building JSON trees. Built by hand, not by reflection: the field names are an interface. */
public final class Json {
    private Json() {}

    public static JsonArray strings(Collection<String> values) {
        JsonArray array = new JsonArray();
        values.forEach(array::add);
        return array;
    }

    public static <T> JsonArray array(Collection<T> values, Function<T, JsonObject> toJson) {
        JsonArray array = new JsonArray();
        values.forEach(value -> array.add(toJson.apply(value)));
        return array;
    }
}
