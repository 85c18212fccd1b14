package dev.quorate.server.system;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * What a node that joined was told by its cluster, so that it asks once in its life. Holds secrets. Beside it, until the node has been told, a
 * file with the uuid under which it asks: asked again after a crash, the cluster gives the same number and not another one.
 */
public final class JoinedFile {
    public static final String NAME = "joined";
    public static final String UUID_NAME = "joining";

    private static final Pattern HEAD = Pattern.compile("quorate-joined 1 ([0-9a-f]{8})\n");
    private static final int HEAD_BYTES = "quorate-joined 1 00000000\n".length();

    private JoinedFile() {}

    /** Empty if this directory's node has not been told yet. */
    public static Optional<byte[]> read(Path dir) throws IdentityException {
        Path file = dir.resolve(NAME);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        byte[] bytes;
        try {
            bytes = Files.readAllBytes(file);
        } catch (IOException failed) {
            throw new IdentityException("cannot read " + file + ": " + failed, failed);
        }
        int head = Math.min(HEAD_BYTES, bytes.length);
        Matcher parts = HEAD.matcher(new String(bytes, 0, head, StandardCharsets.ISO_8859_1));
        byte[] content = Arrays.copyOfRange(bytes, head, bytes.length);
        if (!parts.matches() || !parts.group(1).equals(checksum(content))) {
            throw damaged(dir, null);
        }
        return Optional.of(content);
    }

    /** What to say when the content makes no sense. */
    public static IdentityException damaged(Path dir, @Nullable Throwable cause) {
        return new IdentityException(
                dir.resolve(NAME)
                        + " is damaged. It holds what the cluster told this node: restore the file, or move the"
                        + " directory away and let the node join again as a new one",
                cause);
    }

    /** On disk when it returns. */
    public static void write(Path dir, byte[] content) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(HEAD_BYTES + content.length);
        bytes.writeBytes(("quorate-joined 1 " + checksum(content) + "\n").getBytes(StandardCharsets.ISO_8859_1));
        bytes.writeBytes(content);
        DurableFile.write(dir.resolve(NAME), bytes.toByteArray());
    }

    /** The uuid under which to ask, on disk when it returns. Call with the directory locked. */
    public static String uuidToAskUnder(Path dir) throws IOException {
        Path file = dir.resolve(UUID_NAME);
        if (Files.exists(file)) {
            String text = Files.readString(file, StandardCharsets.UTF_8).strip();
            if (text.matches("[0-9a-f-]{36}")) {
                return text;
            }
        }
        String uuid = UUID.randomUUID().toString();
        DurableFile.write(file, (uuid + "\n").getBytes(StandardCharsets.UTF_8));
        return uuid;
    }

    private static String checksum(byte[] content) {
        CRC32C crc = new CRC32C();
        crc.update(content);
        return "%08x".formatted(crc.getValue());
    }
}
