package dev.quorate.cli.key;

import com.google.gson.JsonObject;
import com.google.protobuf.ByteString;
import dev.quorate.cli.terminal.Json;
import dev.quorate.proto.kv.v1.DeleteResponse;
import dev.quorate.proto.kv.v1.PutResponse;
import dev.quorate.proto.kv.v1.Report;
import dev.quorate.proto.kv.v1.Sibling;
import java.util.List;

/** What a put and a delete answer alike. */
record WriteAnswer(ByteString context, List<Sibling> siblings, Report report) {

    static WriteAnswer of(PutResponse response) {
        return new WriteAnswer(
                response.getContext(), Siblings.ordered(response.getSiblingsList()), response.getReport());
    }

    static WriteAnswer of(DeleteResponse response) {
        return new WriteAnswer(
                response.getContext(), Siblings.ordered(response.getSiblingsList()), response.getReport());
    }

    JsonObject json(String bucket, String key, boolean withSiblings) {
        JsonObject json = new JsonObject();
        json.addProperty("bucket", bucket);
        json.addProperty("key", key);
        json.addProperty("context", ContextToken.text(context));
        if (withSiblings) {
            json.add("siblings", Json.array(siblings, Siblings::json));
        }
        json.add("report", Reports.json(report));
        return json;
    }
}
