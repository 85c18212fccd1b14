package dev.quorate.server.system;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.runtime.BootSource;
import dev.quorate.core.runtime.EventLoop;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;

/**
 * Who the data next to this file belongs to, and the boot number of this start.
 *
 * <p>The name of every write contains the boot, and two writes of one name destroy each other. So each start, clean or not, takes
 * a greater start number and fresh random bits, and both are on disk, the directory entry too, before the first write is named.
 * The random half covers what the file cannot: a directory that was copied or restored (rules.md A2).
 */
public final class IdentityFile implements BootSource {
    public static final String NAME = "identity";

    private static final Pattern FORM = Pattern.compile("quorate-identity 1\n"
            + "cluster ([0-9a-f-]{36})\n"
            + "node (n[0-9]{1,9})\n"
            + "uuid ([0-9a-f-]{36})\n"
            + "startNo ([0-9]{1,10})\n"
            + "boot ([0-9a-f]{1,16})\n"
            + "crc32c ([0-9a-f]{8})\n");
    private static final SecureRandom RANDOM = new SecureRandom();

    private record Identity(String clusterId, String node, String uuid, long startNo, long boot) {
        String text() {
            String body = "quorate-identity 1\ncluster " + clusterId + "\nnode " + node + "\nuuid " + uuid
                    + "\nstartNo " + startNo + "\nboot " + Long.toHexString(boot) + "\n";
            return body + "crc32c " + checksum(body) + "\n";
        }

        Identity next(long above) {
            long next = Math.max(startNo, above) + 1;
            if (next > Integer.MAX_VALUE) {
                throw new IllegalStateException("start number " + next + " does not fit a boot number");
            }
            return new Identity(clusterId, node, uuid, next, next << 32 | RANDOM.nextInt() & 0xffff_ffffL);
        }
    }

    private final Path file;
    private final EventLoop loop;
    private Identity identity;

    private IdentityFile(Path file, EventLoop loop, Identity identity) {
        this.file = file;
        this.loop = loop;
        this.identity = identity;
    }

    /** Takes the next boot number and syncs it. Call with the directory locked, before the first write is named. */
    public static IdentityFile open(Path dir, String clusterId, NodeId node, EventLoop loop) throws IdentityException {
        return open(dir, clusterId, node, UUID.randomUUID().toString(), loop);
    }

    /** @param uuid of a directory that is new: the one under which its node joined */
    public static IdentityFile open(Path dir, String clusterId, NodeId node, String uuid, EventLoop loop)
            throws IdentityException {
        Path file = dir.resolve(NAME);
        try {
            Identity before;
            if (Files.exists(file)) {
                before = read(file);
                refuseStranger(file, before, clusterId, node);
            } else {
                before = new Identity(clusterId, node.toString(), uuid, 0, 0);
            }
            Identity now = before.next(0);
            write(file, now);
            return new IdentityFile(file, loop, now);
        } catch (IOException failed) {
            throw new IdentityException("cannot read or write " + file + ": " + failed, failed);
        }
    }

    /** Refuses a directory of another cluster or node, before anything is written to it. */
    public static void check(Path dir, String clusterId, NodeId node) throws IdentityException {
        Path file = dir.resolve(NAME);
        if (Files.exists(file)) {
            try {
                refuseStranger(file, read(file), clusterId, node);
            } catch (IOException failed) {
                throw new IdentityException("cannot read " + file + ": " + failed, failed);
            }
        }
    }

    private static void refuseStranger(Path file, Identity found, String clusterId, NodeId node)
            throws IdentityException {
        if (!found.clusterId().equals(clusterId)) {
            throw new IdentityException(file.getParent() + " holds data of cluster " + found.clusterId()
                    + ", and the configuration says cluster " + clusterId
                    + ": set storage.dir to this cluster's directory, or to an empty one");
        }
        if (!found.node().equals(node.toString())) {
            throw new IdentityException(file.getParent() + " holds data of node " + found.node()
                    + ", and the configuration says node " + node
                    + ": every node needs a storage.dir of its own; check 'node' and 'storage.dir'");
        }
    }

    private static Identity read(Path file) throws IOException, IdentityException {
        String text = Files.readString(file, StandardCharsets.UTF_8);
        Matcher parts = FORM.matcher(text);
        if (!parts.matches()
                || !parts.group(6).equals(checksum(text.substring(0, parts.start(6) - "crc32c ".length())))) {
            throw new IdentityException(
                    file + " is damaged. It names the node that the data beside it belongs to: restore the"
                            + " file, or move the directory away and let the node start empty");
        }
        return new Identity(
                parts.group(1),
                parts.group(2),
                parts.group(3),
                Long.parseLong(parts.group(4)),
                Long.parseUnsignedLong(parts.group(5), 16));
    }

    private static void write(Path file, Identity identity) throws IOException {
        DurableFile.write(file, identity.text().getBytes(StandardCharsets.UTF_8));
    }

    private static String checksum(String text) {
        CRC32C crc = new CRC32C();
        crc.update(text.getBytes(StandardCharsets.UTF_8));
        return "%08x".formatted(crc.getValue());
    }

    @Override
    public long current() {
        return identity.boot();
    }

    /** Of this data directory, for ever. */
    public String nodeUuid() {
        return identity.uuid();
    }

    public long startNo() {
        return identity.startNo();
    }

    /** Rare, so a thread is made for it: the disk must not stop the loop. */
    @Override
    public CompletionStage<Long> renewAbove(long startNo) {
        CompletableFuture<Long> renewed = new CompletableFuture<>();
        Identity next = identity.next(startNo);
        Thread writer = new Thread(
                () -> {
                    try {
                        write(file, next);
                        loop.execute(() -> {
                            identity = next;
                            renewed.complete(next.boot());
                        });
                    } catch (IOException failed) {
                        IdentityException failure =
                                new IdentityException("cannot write " + file + ": " + failed, failed);
                        loop.execute(() -> renewed.completeExceptionally(failure));
                    }
                },
                "identity-writer");
        writer.setDaemon(true);
        writer.start();
        return renewed;
    }
}
