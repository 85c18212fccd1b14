package dev.quorate.core.ring;

import dev.quorate.core.model.NodeId;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;

/** Rings as they come about: founded, and changed many times. */
final class AnyRingState {
    private final AnyRing rings;
    private final Random random;

    AnyRingState(long seed) {
        this.rings = new AnyRing(seed);
        this.random = rings.random();
    }

    /** As many nodes of one weight, spread over racks. */
    static RingState evenly(int nodes, int racks, int replicas, int log2Slots) {
        List<NodeEntry> founders = new ArrayList<>();
        for (int number = 1; number <= nodes; number++) {
            Member member = new Member(new NodeId(number), 1, "dc1", "rack-" + number % racks, "host-" + number);
            String address = "10.0.0." + number + ":740";
            founders.add(new NodeEntry(member, "", address + "0", address + "1", address + "2", NodeStatus.NORMAL));
        }
        return RingState.genesis(founders, replicas, log2Slots);
    }

    RingState founded() {
        List<NodeEntry> founders = new ArrayList<>();
        for (Member member : rings.members()) {
            founders.add(entry(member, ""));
        }
        return RingState.genesis(founders, rings.replicas(), random.nextInt(7));
    }

    private NodeEntry entry(Member member, String uuid) {
        String address = member.host() + ":74";
        return new NodeEntry(member, uuid, address + "00", address + "01", address + "02", NodeStatus.NORMAL);
    }

    RingState changed(RingState ring) {
        RingEdit edit = ring.edit();
        int changes = 1 + random.nextInt(4);
        for (int i = 0; i < changes; i++) {
            change(ring, edit);
        }
        return edit.build();
    }

    private void change(RingState ring, RingEdit edit) {
        List<NodeId> all = List.copyOf(new TreeSet<>(ring.nodes().keySet()));
        NodeId any = all.get(random.nextInt(all.size()));
        switch (random.nextInt(9)) {
            case 0 -> {
                NodeId id = new NodeId(edit.nextNodeNumber);
                Member member = new Member(id, 0.5 + random.nextDouble(), "dc1", "r" + random.nextInt(3), "hä" + id);
                edit.node(entry(member, "uuid-" + id).with(NodeStatus.JOINING));
            }
            case 1 -> edit.stage(any, anyChange(all));
            case 2 -> edit.unstage(any);
            case 3 -> edit.paused(random.nextBoolean());
            case 4 -> edit.voters(ring.voters(), random.nextBoolean() ? List.of(any) : List.of());
            case 5, 6 -> planMove(edit);
            case 7 -> endMove(edit);
            default -> prefer(edit);
        }
    }

    private StagedChange anyChange(List<NodeId> all) {
        return switch (random.nextInt(6)) {
            case 0 -> new StagedChange.Join();
            case 1 -> new StagedChange.Leave();
            case 2 -> new StagedChange.Replace(null, random.nextBoolean());
            case 3 -> new StagedChange.Replace(all.get(random.nextInt(all.size())), random.nextBoolean());
            case 4 -> new StagedChange.Weight(0.1 + random.nextDouble());
            default -> new StagedChange.Relabel("dc1", "r" + random.nextInt(4), "h" + random.nextInt(1000));
        };
    }

    private void planMove(RingEdit edit) {
        int slot = random.nextInt(edit.rows.size());
        List<NodeId> row = edit.rows.get(slot);
        List<Member> outside = new ArrayList<>();
        for (NodeEntry entry : edit.nodes.values()) {
            if (entry.status().mayOwn() && !row.contains(entry.id())) {
                outside.add(entry.placement());
            }
        }
        if (!outside.isEmpty()) {
            int position = random.nextInt(row.size());
            NodeId to = outside.get(random.nextInt(outside.size())).id();
            boolean recover = random.nextInt(3) == 0;
            Move.Kind kind = recover ? Move.Kind.RECOVER : Move.Kind.MOVE;
            edit.plan(kind, slot, position, row.get(position), to, recover && random.nextBoolean());
        }
    }

    private void endMove(RingEdit edit) {
        if (edit.moves.isEmpty()) {
            return;
        }
        Move move = edit.moves.get(random.nextInt(edit.moves.size()));
        boolean stands = edit.rows.get(move.slot()).contains(move.to());
        switch (random.nextInt(3)) {
            case 0 -> edit.again(move);
            case 1 -> edit.cancel(move);
            default -> {
                if (!stands) {
                    edit.finish(move);
                }
            }
        }
    }

    private void prefer(RingEdit edit) {
        int slot = random.nextInt(edit.rows.size());
        List<NodeId> row = new ArrayList<>(edit.rows.get(slot));
        row.add(row.remove(0));
        edit.prefer(slot, row);
    }

    Random random() {
        return random;
    }
}
