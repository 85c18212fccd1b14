package dev.quorate.cli.cluster;

import com.google.gson.JsonObject;
import dev.quorate.proto.admin.v1.Move;
import dev.quorate.proto.admin.v1.MoveKind;
import dev.quorate.proto.admin.v1.StagedChange;
import java.util.Locale;

/** Staged changes and moves as JSON: the same form in every command. */
final class ChangeJson {
    private static final String KIND_PREFIX = "MOVE_KIND_";

    private ChangeJson() {}

    static JsonObject of(StagedChange change) {
        JsonObject json = new JsonObject();
        json.addProperty("node", change.getNode());
        json.addProperty("change", change.getChangeCase().name().toLowerCase(Locale.ROOT));
        switch (change.getChangeCase()) {
            case REPLACE -> {
                json.addProperty("by", change.getReplace().getBy());
                json.addProperty("unsafe", change.getReplace().getUnsafe());
            }
            case WEIGHT -> json.addProperty("weight", change.getWeight().getWeight());
            case RELABEL -> {
                json.addProperty("datacenter", change.getRelabel().getDatacenter());
                json.addProperty("rack", change.getRelabel().getRack());
                json.addProperty("host", change.getRelabel().getHost());
            }
            case JOIN, LEAVE, CHANGE_NOT_SET -> {
                // Nothing more to say.
            }
        }
        return json;
    }

    static JsonObject of(Move move) {
        JsonObject json = new JsonObject();
        json.addProperty("id", move.getId());
        json.addProperty("attempt", move.getAttempt());
        json.addProperty("kind", kind(move));
        json.addProperty("slot", move.getSlot());
        json.addProperty("position", move.getPosition());
        json.addProperty("from", move.getFrom());
        json.addProperty("to", move.getTo());
        return json;
    }

    static String kind(Move move) {
        MoveKind kind = move.getKind();
        return kind.name().startsWith(KIND_PREFIX) ? kind.name().substring(KIND_PREFIX.length()) : kind.name();
    }
}
