package dev.quorate.cli.key;

import com.google.gson.JsonObject;
import com.google.protobuf.ByteString;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.Terminal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;

/** Values are bytes; people type and read text. */
final class ValueText {
    private static final int LONGEST_CELL = 60;
    private static final int LONGEST_BINARY_CELL = 24;

    private ValueText() {}

    /**
     * The value of an argument: {@code -} reads standard input, {@code @file} a file, {@code @@...} is text that begins
     * with one {@code @}. Bytes are taken as they are, a last newline included.
     */
    static ByteString read(String argument, Terminal terminal) {
        try {
            if (argument.equals("-")) {
                return ByteString.copyFrom(terminal.in().readAllBytes());
            }
            if (argument.startsWith("@@")) {
                return ByteString.copyFromUtf8(argument.substring(1));
            }
            if (argument.startsWith("@")) {
                Path file = terminal.workingDirectory().resolve(argument.substring(1));
                return ByteString.copyFrom(Files.readAllBytes(file));
            }
            return ByteString.copyFromUtf8(argument);
        } catch (IOException e) {
            throw new CommandFailure(
                    ExitCode.USAGE,
                    "cannot read the value from " + argument + ": " + e.getMessage(),
                    "text that begins with @ is written with two: @@text",
                    e);
        }
    }

    /** One line for a table; long and binary values are cut short. */
    static String cell(ByteString value) {
        if (value.isEmpty()) {
            return "(empty)";
        }
        if (printable(value)) {
            String text = value.toStringUtf8();
            int length = text.codePointCount(0, text.length());
            return length <= LONGEST_CELL
                    ? text
                    : text.substring(0, text.offsetByCodePoints(0, LONGEST_CELL - 1)) + "…";
        }
        StringBuilder hex = new StringBuilder("0x");
        for (int i = 0; i < Math.min(value.size(), LONGEST_BINARY_CELL); i++) {
            hex.append(Character.forDigit(value.byteAt(i) >> 4 & 0xf, 16))
                    .append(Character.forDigit(value.byteAt(i) & 0xf, 16));
        }
        return hex + (value.size() > LONGEST_BINARY_CELL ? "…" : "") + " (" + value.size() + " bytes)";
    }

    /** Always base64, and beside it the text where the bytes are UTF-8. */
    static void addTo(JsonObject json, ByteString value) {
        if (value.isValidUtf8()) {
            json.addProperty("value", value.toStringUtf8());
        }
        json.addProperty("valueBase64", Base64.getEncoder().encodeToString(value.toByteArray()));
    }

    private static boolean printable(ByteString value) {
        return value.isValidUtf8() && value.toStringUtf8().codePoints().noneMatch(Character::isISOControl);
    }
}
