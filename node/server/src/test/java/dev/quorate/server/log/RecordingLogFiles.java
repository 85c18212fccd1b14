package dev.quorate.server.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The log's directory in memory, which knows what a loss of power may take: every write since the last sync of its file, sector by sector and
 * in any order, and every rename, creation and deletion since the last sync of the directory, latest first.
 */
public final class RecordingLogFiles implements LogFiles {
    private static final int SECTOR_BYTES = 512;

    /** One file, whatever its name. */
    private static final class Content {
        byte[] written;
        byte[] durable;
        final List<int[]> unsynced = new ArrayList<>();

        Content(byte[] bytes) {
            this.written = bytes.clone();
            this.durable = bytes.clone();
        }
    }

    private final NavigableMap<String, Content> entries = new TreeMap<>();
    private final NavigableMap<String, Content> durableEntries = new TreeMap<>();
    private final List<Consumer<NavigableMap<String, Content>>> unsyncedChanges = new ArrayList<>();
    private final Object monitor = new Object();
    private boolean forceDoesNothing;
    private @Nullable IOException forceFailure;
    private boolean full;
    private int forces;

    /** From now on a sync returns at once and nothing is durable: what a test must notice. */
    public void makeForceDoNothing(boolean nothing) {
        forceDoesNothing = nothing;
    }

    public int forces() {
        synchronized (monitor) {
            return forces;
        }
    }

    /** From now on every sync fails. */
    public void failForce(IOException failure) {
        synchronized (monitor) {
            forceFailure = failure;
        }
    }

    /** Whether new files fail for lack of room. */
    public void makeFull(boolean noRoom) {
        synchronized (monitor) {
            full = noRoom;
        }
    }

    /** What the disk holds after a loss of power now: unsynced sectors survive one by one, at random. */
    public RecordingLogFiles afterPowerLoss(SplittableRandom random) {
        NavigableMap<String, Content> surviving = new TreeMap<>(durableEntries);
        int kept = random.nextInt(unsyncedChanges.size() + 1);
        unsyncedChanges.subList(0, kept).forEach(change -> change.accept(surviving));
        int luck = random.nextInt(4);
        RecordingLogFiles image = new RecordingLogFiles();
        surviving.forEach((name, content) -> {
            byte[] bytes = content.durable.clone();
            for (int[] range : content.unsynced) {
                for (int from = range[0]; from < range[1]; ) {
                    int to = Math.min(range[1], (from / SECTOR_BYTES + 1) * SECTOR_BYTES);
                    boolean survives = luck == 0 || luck != 1 && random.nextBoolean();
                    if (survives) {
                        System.arraycopy(content.written, from, bytes, from, to - from);
                    }
                    from = to;
                }
            }
            Content copy = new Content(bytes);
            image.entries.put(name, copy);
            image.durableEntries.put(name, copy);
        });
        return image;
    }

    /** Changes bytes that were synced, as a failing disk does. */
    public void damage(String name, int offset, int bytes) {
        Content content = content(name);
        for (int i = offset; i < offset + bytes; i++) {
            content.written[i] ^= 0x55;
            content.durable[i] ^= 0x55;
        }
    }

    @Override
    public String location() {
        return "memory";
    }

    @Override
    public List<String> names() {
        synchronized (monitor) {
            return List.copyOf(entries.keySet());
        }
    }

    @Override
    public LogFile open(String name) {
        return new RecordingLogFile(content(name));
    }

    @Override
    public LogFile create(String name, long bytes) throws IOException {
        synchronized (monitor) {
            if (full) {
                throw new IOException("No space left on device");
            }
        }
        Content content = new Content(new byte[Math.toIntExact(bytes)]);
        change(names -> names.put(name, content));
        return new RecordingLogFile(content);
    }

    @Override
    public void rename(String from, String to) {
        Content content = content(from);
        change(names -> {
            names.remove(from);
            names.put(to, content);
        });
    }

    @Override
    public void delete(String name) {
        change(names -> names.remove(name));
    }

    @Override
    public void syncDirectory() {
        synchronized (monitor) {
            durableEntries.clear();
            durableEntries.putAll(entries);
            unsyncedChanges.clear();
        }
    }

    private void change(Consumer<NavigableMap<String, Content>> change) {
        synchronized (monitor) {
            change.accept(entries);
            unsyncedChanges.add(change);
        }
    }

    private Content content(String name) {
        synchronized (monitor) {
            Content content = entries.get(name);
            if (content == null) {
                throw new IllegalArgumentException("no file " + name + " among " + entries.keySet());
            }
            return content;
        }
    }

    private final class RecordingLogFile implements LogFile {
        private final Content content;

        RecordingLogFile(Content content) {
            this.content = content;
        }

        @Override
        public void write(ByteBuffer source, long position) throws IOException {
            int from = Math.toIntExact(position);
            int to = from + source.remaining();
            if (to > content.written.length) {
                throw new IOException("a write to " + from + ".." + to + " would allocate: the segment has "
                        + content.written.length + " bytes");
            }
            synchronized (monitor) {
                source.get(content.written, from, to - from);
                content.unsynced.add(new int[] {from, to});
            }
        }

        @Override
        public void force() throws IOException {
            synchronized (monitor) {
                forces++;
                if (forceFailure != null) {
                    throw forceFailure;
                }
                if (!forceDoesNothing) {
                    content.durable = content.written.clone();
                    content.unsynced.clear();
                }
            }
        }

        @Override
        public void read(ByteBuffer target, long position) {
            int from = Math.toIntExact(position);
            int count = Math.min(target.remaining(), content.written.length - from);
            target.put(Arrays.copyOfRange(content.written, from, from + count));
        }

        @Override
        public long length() {
            return content.written.length;
        }

        @Override
        public void close() {}
    }
}
