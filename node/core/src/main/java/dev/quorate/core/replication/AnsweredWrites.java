package dev.quorate.core.replication;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Check;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Report;
import dev.quorate.core.version.Actor;
import dev.quorate.core.version.CausalContext;
import dev.quorate.core.version.Dot;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Answered writes by id, in arrays: a busy node remembers a hundred thousand of them, which as objects would live just long enough to be what
 * its collector spends its time on. They are forgotten a page at a time, the oldest first, and pages are used again. Bounded in entries
 * and in bytes: a context has one interval for a young key and two hundred for one that saw many nodes restart. Confined to the event loop.
 */
final class AnsweredWrites {
    static final int PAGE_ENTRIES = 256;

    private static final int USUAL_DETAIL_BYTES = PAGE_ENTRIES * 32;

    /** One answered write. {@code content} and {@code since} mean what the ledger makes of them. */
    record Answered(Dot dot, CausalContext effective, long content, Report report, long since) {}

    private static final class Page {
        private final long[] high = new long[PAGE_ENTRIES];
        private final long[] low = new long[PAGE_ENTRIES];
        private final long[] content = new long[PAGE_ENTRIES];
        private final long[] since = new long[PAGE_ENTRIES];
        private final @Nullable Actor[] actors = new Actor[PAGE_ENTRIES];
        private final long[] sequences = new long[PAGE_ENTRIES];
        private final int[] coordinators = new int[PAGE_ENTRIES];
        private final int[] required = new int[PAGE_ENTRIES];
        private final boolean[] removed = new boolean[PAGE_ENTRIES];
        // Of entry i up to ends[i]: u8 primaries, u8 number of nodes, i32 each, the same for hinted nodes, then the
        // encoded context.
        private final int[] ends = new int[PAGE_ENTRIES];
        private byte[] details = new byte[USUAL_DETAIL_BYTES];
        private int size;
        private long newest;

        int start(int entry) {
            return entry == 0 ? 0 : ends[entry - 1];
        }
    }

    private final @Nullable Page[] pages;
    private final long maxDetailBytes;
    // As allocated, of all pages.
    private long detailBytes;
    private int oldest;
    private int used;
    private int size;
    // Open addressing: 0 is free, anything else 1 + page * PAGE_ENTRIES + entry, below half of what the id hashes to:
    // with it the pages,
    // which are too many for the processor's cache, are read only where the id is.
    private long[] index = new long[2 * PAGE_ENTRIES];

    /**
     * @param maxEntries a multiple of {@link #PAGE_ENTRIES}
     * @param maxDetailBytes of contexts and acknowledgements, which one page may exceed
     */
    AnsweredWrites(int maxEntries, long maxDetailBytes) {
        Check.argument(
                maxEntries >= PAGE_ENTRIES && maxEntries % PAGE_ENTRIES == 0, "no pages for %d entries", maxEntries);
        this.pages = new Page[maxEntries / PAGE_ENTRIES];
        this.maxDetailBytes = maxDetailBytes;
    }

    int size() {
        return size;
    }

    /** Returns how many others had to go for it. */
    int add(KeyHash id, Answered write) {
        int forgotten = 0;
        Page page = used == 0 ? null : page((oldest + used - 1) % pages.length);
        if (page == null || page.size == PAGE_ENTRIES) {
            forgotten = used == pages.length ? forgetOldest() : 0;
            int next = (oldest + used) % pages.length;
            page = pages[next];
            if (page == null) {
                page = new Page();
                pages[next] = page;
                detailBytes += page.details.length;
            }
            page.size = 0;
            page.newest = write.since();
            used++;
        }
        remove(id);
        int entry = page.size++;
        page.high[entry] = id.high();
        page.low[entry] = id.low();
        page.content[entry] = write.content();
        page.since[entry] = write.since();
        page.newest = Math.max(page.newest, write.since());
        page.actors[entry] = write.dot().actor();
        page.sequences[entry] = write.dot().sequence();
        page.coordinators[entry] = write.report().coordinator().number();
        page.required[entry] = write.report().required();
        page.removed[entry] = false;
        int before = page.details.length;
        page.ends[entry] = putDetails(page, page.start(entry), write);
        detailBytes += page.details.length - before;
        size++;
        if (2 * size > index.length) {
            growIndex();
        }
        int position = (oldest + used - 1) % pages.length * PAGE_ENTRIES + entry;
        index[slotOf(id.high(), id.low())] = (long) hash(id.high(), id.low()) << Integer.SIZE | 1 + position;
        while (detailBytes > maxDetailBytes && used > 1) {
            forgotten += forgetOldest();
        }
        return forgotten;
    }

    private static int putDetails(Page page, int start, Answered write) {
        Bytes context = write.effective().encoded();
        Report report = write.report();
        int nodes = report.acknowledged().size() + report.hinted().size();
        int needed = start + 3 + nodes * Integer.BYTES + context.length();
        if (needed > page.details.length) {
            page.details = Arrays.copyOf(page.details, Math.max(needed, 2 * page.details.length));
        }
        ByteBuffer buffer = ByteBuffer.wrap(page.details, start, needed - start);
        buffer.put((byte) report.primaries());
        putNodes(buffer, report.acknowledged());
        putNodes(buffer, report.hinted());
        context.putInto(buffer);
        return needed;
    }

    private static void putNodes(ByteBuffer buffer, List<NodeId> nodes) {
        buffer.put((byte) nodes.size());
        for (int i = 0; i < nodes.size(); i++) {
            buffer.putInt(nodes.get(i).number());
        }
    }

    private static List<NodeId> getNodes(ByteBuffer buffer) {
        int size = buffer.get() & 0xff;
        List<NodeId> nodes = new ArrayList<>(size);
        for (int i = 0; i < size; i++) {
            nodes.add(new NodeId(buffer.getInt()));
        }
        return nodes;
    }

    /** Null when it was never added, or is forgotten. */
    @Nullable
    Answered find(KeyHash id) {
        int found = position(index[slotOf(id.high(), id.low())]);
        if (found < 0) {
            return null;
        }
        Page page = page(found / PAGE_ENTRIES);
        int entry = found % PAGE_ENTRIES;
        Actor actor = page.actors[entry];
        if (actor == null) {
            throw new IllegalStateException("an entry without an actor");
        }
        int start = page.start(entry);
        ByteBuffer details = ByteBuffer.wrap(page.details, start, page.ends[entry] - start);
        int primaries = details.get() & 0xff;
        Report report = new Report(
                new NodeId(page.coordinators[entry]),
                getNodes(details),
                page.required[entry],
                primaries,
                getNodes(details));
        return new Answered(
                new Dot(actor, page.sequences[entry]),
                CausalContext.decode(Bytes.copyOf(details)),
                page.content[entry],
                report,
                page.since[entry]);
    }

    void remove(KeyHash id) {
        int found = removeFromIndex(id.high(), id.low());
        if (found >= 0) {
            page(found / PAGE_ENTRIES).removed[found % PAGE_ENTRIES] = true;
        }
    }

    /** Forgets the pages of which every entry is older. */
    void forgetOlderThan(long since) {
        while (used > 0) {
            if (page(oldest).newest >= since) {
                return;
            }
            forgetOldest();
        }
    }

    private int forgetOldest() {
        Page page = page(oldest);
        int forgotten = 0;
        for (int entry = 0; entry < page.size; entry++) {
            if (!page.removed[entry]) {
                removeFromIndex(page.high[entry], page.low[entry]);
                forgotten++;
            }
        }
        if (page.details.length > USUAL_DETAIL_BYTES) {
            // Its next entries may be small again.
            detailBytes += USUAL_DETAIL_BYTES - page.details.length;
            page.details = new byte[USUAL_DETAIL_BYTES];
        }
        oldest = (oldest + 1) % pages.length;
        used--;
        return forgotten;
    }

    private Page page(int number) {
        Page page = pages[number];
        if (page == null) {
            throw new IllegalStateException("no page " + number);
        }
        return page;
    }

    /** The place in the index that holds the id, or the free one where it belongs. */
    private int slotOf(long high, long low) {
        int hash = hash(high, low);
        int slot = hash & index.length - 1;
        while (index[slot] != 0 && !(hash(index[slot]) == hash && isAt(position(index[slot]), high, low))) {
            slot = slot + 1 & index.length - 1;
        }
        return slot;
    }

    private boolean isAt(int position, long high, long low) {
        Page page = page(position / PAGE_ENTRIES);
        int entry = position % PAGE_ENTRIES;
        return page.low[entry] == low && page.high[entry] == high;
    }

    /** Ids are keyed hashes: their bits are as good as any. */
    private static int hash(long high, long low) {
        return (int) (high ^ low);
    }

    private static int hash(long indexed) {
        return (int) (indexed >>> Integer.SIZE);
    }

    /** -1 for a free place. */
    private static int position(long indexed) {
        return (int) indexed - 1;
    }

    /** Where the entry was, -1 if nowhere. Moves those that had to go past its place closer to where they belong. */
    private int removeFromIndex(long high, long low) {
        int mask = index.length - 1;
        int free = slotOf(high, low);
        int removed = position(index[free]);
        if (removed < 0) {
            return -1;
        }
        size--;
        index[free] = 0;
        for (int slot = free + 1 & mask; index[slot] != 0; slot = slot + 1 & mask) {
            int home = hash(index[slot]) & mask;
            boolean mayMove = (slot - home & mask) >= (slot - free & mask);
            if (mayMove) {
                index[free] = index[slot];
                index[slot] = 0;
                free = slot;
            }
        }
        return removed;
    }

    private void growIndex() {
        long[] old = index;
        index = new long[2 * old.length];
        int mask = index.length - 1;
        for (long indexed : old) {
            if (indexed != 0) {
                int slot = hash(indexed) & mask;
                while (index[slot] != 0) {
                    slot = slot + 1 & mask;
                }
                index[slot] = indexed;
            }
        }
    }
}
