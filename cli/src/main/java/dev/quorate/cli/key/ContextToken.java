package dev.quorate.cli.key;

import com.google.protobuf.ByteString;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/** Contexts as text: base64 of the node's opaque bytes, in the alphabet that needs no quoting in a shell. */
final class ContextToken {
    private ContextToken() {}

    static String text(ByteString context) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(context.toByteArray());
    }

    /** @param text null or empty for a write without a context */
    static ByteString parse(@Nullable String text) {
        if (text == null || text.isBlank()) {
            return ByteString.EMPTY;
        }
        try {
            return ByteString.copyFrom(Base64.getUrlDecoder().decode(text.strip()));
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(
                    ExitCode.USAGE,
                    "--context is not a context: " + e.getMessage(),
                    "take it from kvctl get KEY --context-only",
                    e);
        }
    }
}
