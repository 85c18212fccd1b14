package dev.quorate.core.topology;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.ring.Member;
import dev.quorate.core.ring.Move;
import dev.quorate.core.ring.NodeEntry;
import dev.quorate.core.ring.NodeStatus;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.ring.SlotAllocator;
import dev.quorate.core.ring.SlotTable;
import dev.quorate.core.ring.StagedChange;
import dev.quorate.core.topology.Change.Step;
import dev.quorate.core.topology.Rejection.Reason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.IntToLongFunction;

/** Says what the staged changes come to, in words and numbers, and makes them. Pure. */
final class Planner {
    /** A node this far off its weight is worth a word. */
    private static final double NOTICEABLE = 0.02;

    /** Of one node, two going on at a time: what agreeing and comparing takes, be the slot empty. Measured on two cores. */
    static final long MILLIS_PER_MOVE = 300;

    private final List<Quorums> buckets;

    Planner(List<Quorums> buckets) {
        this.buckets = List.copyOf(buckets);
    }

    PlanOutcome plan(RingState ring, IntToLongFunction slotBytes, long bytesPerSecond) {
        PlanDraft.Result result = PlanDraft.of(ring, buckets);
        if (result instanceof PlanDraft.Result.Drafted drafted) {
            return new PlanOutcome.Planned(new Account(drafted.draft(), slotBytes, bytesPerSecond).plan());
        }
        return new PlanOutcome.NoPlan(((PlanDraft.Result.Impossible) result).rejection());
    }

    Change commit(long planId) {
        return ring -> {
            PlanDraft.Result result = PlanDraft.of(ring, buckets);
            if (result instanceof PlanDraft.Result.Impossible impossible) {
                return new Step.Not(impossible.rejection());
            }
            PlanDraft draft = ((PlanDraft.Result.Drafted) result).draft();
            if (draft.id() != planId) {
                return new Step.Not(Rejection.of(Reason.PLAN_STALE)
                        .with("plan", Long.toHexString(planId))
                        .with("would_be", Long.toHexString(draft.id())));
            }
            if (!draft.shortOfSurvivors.isEmpty()) {
                return new Step.Not(
                        Rejection.of(Reason.TOO_FEW_SURVIVORS).with("slots", draft.shortOfSurvivors.toString()));
            }
            return new Step.To(draft.commit());
        };
    }

    /**
     * Puts rows into another order of preference where that evens out who leads how many slots. Nothing is done while hand-overs name places
     * in rows, nor where a bucket has fewer owners than a row: there the order decides who they are.
     */
    Change balanceLeaders() {
        return ring -> {
            SlotTable table = ring.table();
            if (!ring.moves().isEmpty() || buckets.stream().anyMatch(bucket -> bucket.n() < table.width())) {
                return Step.Done.INSTANCE;
            }
            List<List<NodeId>> balanced = SlotAllocator.balancedLeaders(table);
            var edit = ring.edit();
            boolean any = false;
            for (int slot = 0; slot < table.slots(); slot++) {
                if (!balanced.get(slot).equals(table.owners(slot))) {
                    edit.prefer(slot, balanced.get(slot));
                    any = true;
                }
            }
            return any ? new Step.To(edit.build()) : Step.Done.INSTANCE;
        };
    }

    /** The numbers of one plan. */
    private static final class Account {
        private final PlanDraft draft;
        private final RingState ring;
        private final IntToLongFunction slotBytes;
        private final long bytesPerSecond;
        private final SortedMap<NodeId, Tally> tallies = new TreeMap<>();
        private final SortedMap<NodeId, SortedMap<NodeId, RingPlan.Traffic>> traffic = new TreeMap<>();
        private final List<RingPlan.PlannedMove> moves = new ArrayList<>();
        private long bytes;

        private static final class Tally {
            private int gives;
            private int gets;
            private long bytesHeld;
            private long bytesGot;
            private long bytesGiven;
            private long bytesSent;
        }

        Account(PlanDraft draft, IntToLongFunction slotBytes, long bytesPerSecond) {
            this.draft = draft;
            this.ring = draft.ring;
            this.slotBytes = slotBytes;
            this.bytesPerSecond = Math.max(1, bytesPerSecond);
        }

        RingPlan plan() {
            SlotTable table = ring.table();
            for (int slot = 0; slot < table.slots(); slot++) {
                for (NodeId owner : table.owners(slot)) {
                    tally(owner).bytesHeld += slotBytes.applyAsLong(slot);
                }
            }
            for (Move move : draft.pinned) {
                // A dead owner's successor has the place already, and the dead one gives nothing any more.
                if (move.kind() == Move.Kind.MOVE) {
                    count(move.slot(), move.from(), move.to());
                }
            }
            for (PlanDraft.Step step : draft.steps) {
                count(step.slot(), step.from(), step.to());
                price(step);
            }
            List<RingPlan.Traffic> routes = new ArrayList<>();
            traffic.values().forEach(bySource -> routes.addAll(bySource.values()));
            return new RingPlan(
                    draft.id(),
                    ring.version(),
                    draft.target().table(),
                    draft.pinned,
                    draft.dropped,
                    moves,
                    shares(),
                    routes,
                    bytes,
                    estimate(),
                    warnings());
        }

        private Tally tally(NodeId node) {
            return tallies.computeIfAbsent(node, absent -> new Tally());
        }

        private void count(int slot, NodeId from, NodeId to) {
            long size = slotBytes.applyAsLong(slot);
            tally(from).gives++;
            tally(from).bytesGiven += size;
            tally(to).gets++;
            tally(to).bytesGot += size;
        }

        private void price(PlanDraft.Step step) {
            long size = slotBytes.applyAsLong(step.slot());
            NodeId source = step.kind() == Move.Kind.MOVE ? step.from() : survivor(step);
            moves.add(
                    new RingPlan.PlannedMove(step.kind(), step.slot(), step.position(), step.from(), step.to(), size));
            bytes += size;
            tally(source).bytesSent += size;
            traffic.computeIfAbsent(source, absent -> new TreeMap<>())
                    .merge(
                            step.to(),
                            new RingPlan.Traffic(source, step.to(), 1, size),
                            (a, b) -> new RingPlan.Traffic(
                                    a.from(), a.to(), a.slots() + b.slots(), a.bytes() + b.bytes()));
        }

        private NodeId survivor(PlanDraft.Step step) {
            for (NodeId owner : ring.table().owners(step.slot())) {
                if (!draft.removed.containsKey(owner)) {
                    return owner;
                }
            }
            return step.from();
        }

        private Duration estimate() {
            double most = 0;
            for (Tally tally : tallies.values()) {
                double moving = Math.max(tally.bytesGot, tally.bytesSent) * 1000.0 / bytesPerSecond;
                double agreeing = Math.max(tally.gives, tally.gets) * (double) MILLIS_PER_MOVE;
                most = Math.max(most, moving + agreeing);
            }
            return Duration.ofMillis((long) most);
        }

        private List<RingPlan.NodeShare> shares() {
            List<RingPlan.NodeShare> shares = new ArrayList<>();
            for (NodeEntry entry : draft.after.values()) {
                NodeEntry before = ring.node(entry.id());
                NodeStatus statusBefore = before == null ? entry.status() : before.status();
                if (!statusBefore.isActive()) {
                    continue;
                }
                Tally tally = tally(entry.id());
                int slotsBefore = ring.table().slotsOf(entry.id());
                int target = draft.target().targets().getOrDefault(entry.id(), 0);
                shares.add(new RingPlan.NodeShare(
                        entry.id(),
                        statusBefore,
                        entry.status(),
                        entry.placement().weight(),
                        slotsBefore,
                        slotsBefore - tally.gives + tally.gets,
                        target,
                        tally.gives,
                        tally.gets,
                        tally.bytesHeld,
                        tally.bytesHeld - tally.bytesGiven + tally.bytesGot,
                        tally.bytesHeld + tally.bytesGot,
                        because(entry, tally, slotsBefore, target)));
            }
            return shares;
        }

        private String because(NodeEntry entry, Tally tally, int slotsBefore, int target) {
            StagedChange change = ring.staged().get(entry.id());
            String own = change == null ? "" : describe(change);
            if (entry.status() == NodeStatus.JOINING) {
                return "waits: its joining is not staged";
            }
            if (entry.status() == NodeStatus.REMOVED) {
                return own + "; its " + tally.gives + " slots are made again from their other owners";
            }
            if (entry.status() == NodeStatus.DRAINING || entry.status() == NodeStatus.LEFT) {
                return (own.isEmpty() ? "is leaving" : own) + "; gives away all it has";
            }
            if (tally.gives == 0 && tally.gets == 0) {
                return own.isEmpty() ? "keeps what it has" : own + "; keeps what it has";
            }
            String share = "its share goes from " + slotsBefore + " slots to " + target;
            if (!own.isEmpty()) {
                return own + "; " + share;
            }
            String others = othersChanges();
            if (slotsBefore != target) {
                return share + (others.isEmpty() ? ", as weights, racks and hosts have it" : ", since " + others);
            }
            return "its share stays " + target + " slots, but other ones, so that racks and hosts stay apart"
                    + (others.isEmpty() ? "" : " when " + others);
        }

        private String othersChanges() {
            List<String> changes = new ArrayList<>();
            for (Map.Entry<NodeId, StagedChange> staged : ring.staged().entrySet()) {
                if (changes.size() == 3 && ring.staged().size() > 4) {
                    changes.add((ring.staged().size() - 3) + " others change");
                    break;
                }
                changes.add(staged.getKey() + " " + describe(staged.getValue()));
            }
            return String.join(", ", changes);
        }

        private static String describe(StagedChange change) {
            if (change instanceof StagedChange.Join) {
                return "joins";
            }
            if (change instanceof StagedChange.Leave) {
                return "leaves";
            }
            if (change instanceof StagedChange.Replace replace) {
                return replace.by() == null ? "is taken out" : "is replaced by " + replace.by();
            }
            if (change instanceof StagedChange.Weight weight) {
                return "gets weight " + weight.weight();
            }
            StagedChange.Relabel labels = (StagedChange.Relabel) change;
            return "moves to rack " + labels.rack() + ", host " + labels.host();
        }

        private List<RingPlan.Warning> warnings() {
            List<RingPlan.Warning> warnings = new ArrayList<>();
            List<Member> owners = draft.members(NodeStatus.NORMAL);
            int width = ring.table().width();
            if (width < ring.replicas()) {
                warnings.add(RingPlan.Warning.of(RingPlan.Warning.Kind.FEWER_OWNERS_THAN_WANTED)
                        .with("owners", width)
                        .with("wanted", ring.replicas())
                        .with("hosts", PlanDraft.hosts(owners)));
            }
            warnAboutShares(warnings, owners, width);
            draft.shortOfSurvivors.forEach(
                    (node, slots) -> warnings.add(RingPlan.Warning.of(RingPlan.Warning.Kind.TOO_FEW_SURVIVORS)
                            .with("node", node)
                            .with("slots", slots)));
            draft.removed.forEach((node, replace) -> {
                if (replace.unsafe()) {
                    warnings.add(RingPlan.Warning.of(RingPlan.Warning.Kind.UNSAFE_RECOVERY)
                            .with("node", node));
                }
            });
            if (!draft.dropped.isEmpty()) {
                warnings.add(
                        RingPlan.Warning.of(RingPlan.Warning.Kind.MOVES_DROPPED).with("moves", draft.dropped.size()));
            }
            if (ring.paused()) {
                warnings.add(RingPlan.Warning.of(RingPlan.Warning.Kind.PAUSED));
            }
            int better = SlotAllocator.log2SlotsFor(owners, width);
            if (better > ring.table().log2Slots()) {
                warnings.add(RingPlan.Warning.of(RingPlan.Warning.Kind.FEW_SLOTS_PER_NODE)
                        .with("slots", ring.table().slots())
                        .with("better", 1 << better));
            }
            return warnings;
        }

        private void warnAboutShares(List<RingPlan.Warning> warnings, List<Member> owners, int width) {
            SortedSet<String> racks = new TreeSet<>();
            double weights = 0;
            for (Member owner : owners) {
                racks.add(owner.datacenter() + '\0' + owner.rack());
                weights += owner.weight();
            }
            if (racks.size() > 1 && racks.size() < width) {
                warnings.add(RingPlan.Warning.of(RingPlan.Warning.Kind.RACKS_SHARED)
                        .with("racks", racks.size())
                        .with("owners", width));
            }
            List<NodeId> off = new ArrayList<>();
            for (Member owner : owners) {
                double due = owner.weight() / weights * width * ring.table().slots();
                int target = draft.target().targets().getOrDefault(owner.id(), 0);
                if (Math.abs(target - due) > 1 + NOTICEABLE * due) {
                    off.add(owner.id());
                }
            }
            if (!off.isEmpty()) {
                RingPlan.Warning.Kind kind =
                        racks.size() > 1 ? RingPlan.Warning.Kind.RACKS_UNEVEN : RingPlan.Warning.Kind.SHARE_OFF_WEIGHT;
                warnings.add(RingPlan.Warning.of(kind).with("nodes", off));
            }
        }
    }
}
