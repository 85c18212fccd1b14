package dev.quorate.cli.cluster;

import dev.quorate.cli.connect.AdminConnection;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.proto.admin.v1.ClusterServiceGrpc;
import dev.quorate.proto.admin.v1.ListTransfersRequest;
import dev.quorate.proto.admin.v1.ListTransfersResponse;
import dev.quorate.proto.admin.v1.ListTransfersResponse.Transfer;
import dev.quorate.proto.admin.v1.Member;
import dev.quorate.proto.admin.v1.Move;
import dev.quorate.proto.admin.v1.MoveKind;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** Every hand-over in the words of the node that does it: each node is asked, for each knows only its own. */
record Transfers(long ringVersion, boolean paused, List<Transfer> list, SortedMap<String, String> silent) {
    private static final String QUEUED = "QUEUED";

    static Transfers of(AdminConnection admin) {
        long version = 0;
        boolean paused = false;
        List<Transfer> latest = List.of();
        List<ListTransfersResponse> answers = new ArrayList<>();
        SortedMap<String, String> silent = new TreeMap<>();
        for (Member member : ClusterChanges.cluster(admin).getMembersList()) {
            if (!ClusterChanges.takesPart(member)) {
                continue;
            }
            try {
                answers.add(admin.callAt(
                        member.getAdminAddress(),
                        (channel, deadline) -> ClusterServiceGrpc.newBlockingStub(channel)
                                .withDeadline(deadline)
                                .listTransfers(ListTransfersRequest.getDefaultInstance())));
            } catch (CommandFailure failure) {
                silent.put(member.getId(), failure.text());
            }
        }
        SortedMap<Long, Transfer> told = new TreeMap<>();
        SortedMap<Long, Transfer> toldByDriver = new TreeMap<>();
        for (ListTransfersResponse answer : answers) {
            // What has finished in a later ring is not under way any more, whoever has not heard of it.
            if (answer.getRingVersion() >= version) {
                version = answer.getRingVersion();
                paused = answer.getPaused();
                latest = answer.getTransfersList();
            }
            for (Transfer transfer : answer.getTransfersList()) {
                long id = transfer.getMove().getId();
                if (driver(transfer.getMove()).equals(answer.getNode())) {
                    toldByDriver.put(id, transfer);
                } else if (!transfer.getState().isEmpty()) {
                    told.put(id, transfer);
                }
            }
        }
        // Both ends tell; the one that does the work has counted all of it.
        told.putAll(toldByDriver);
        List<Transfer> list = latest.stream()
                .map(transfer -> told.getOrDefault(transfer.getMove().getId(), transfer))
                .toList();
        return new Transfers(version, paused, list, silent);
    }

    private static String driver(Move move) {
        return move.getKind() == MoveKind.MOVE_KIND_RECOVER ? move.getTo() : move.getFrom();
    }

    private static boolean queued(Transfer transfer) {
        return transfer.getState().isEmpty() || transfer.getState().equals(QUEUED);
    }

    List<Transfer> active() {
        return list.stream().filter(transfer -> !queued(transfer)).toList();
    }

    /** How many wait for their turn, by sender and receiver. */
    List<Waiting> waiting() {
        SortedMap<String, Waiting> pairs = new TreeMap<>();
        for (Transfer transfer : list) {
            if (queued(transfer)) {
                String from = transfer.getMove().getFrom();
                String to = transfer.getMove().getTo();
                pairs.merge(
                        from + " " + to,
                        new Waiting(from, to, 1),
                        (one, more) -> new Waiting(from, to, one.slots() + more.slots()));
            }
        }
        return List.copyOf(pairs.values());
    }

    /** Moves of one pair of nodes that wait. */
    record Waiting(String from, String to, int slots) {}
}
