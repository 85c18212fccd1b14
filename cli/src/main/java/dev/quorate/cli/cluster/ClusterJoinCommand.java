package dev.quorate.cli.cluster;

import dev.quorate.cli.connect.AdminConnection;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.proto.admin.v1.Member;
import dev.quorate.proto.admin.v1.MemberStatus;
import dev.quorate.proto.admin.v1.StagedChange;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Nodes that were admitted own nothing until somebody says so. */
@Command(
        name = "join",
        description = "Stage: give nodes that have been admitted their share of the slots.",
        footer = {
            "",
            "A node is admitted when it starts with 'join: {seeds: [...], token: ...}' in its configuration; cluster status then",
            "shows it as JOINING, and that it joins is staged already. So this is for those that kvctl cluster clear has forgotten.",
            "Without a NODE, all that are JOINING join."
        })
public final class ClusterJoinCommand extends StageCommand {
    @Parameters(arity = "0..*", paramLabel = "NODE", description = "For example n4 or 4.")
    private List<String> nodes = List.of();

    @Override
    List<StagedChange> changes(AdminConnection admin) {
        List<String> joining = nodes;
        if (joining.isEmpty()) {
            joining = ClusterChanges.cluster(admin).getMembersList().stream()
                    .filter(member -> member.getStatus() == MemberStatus.MEMBER_STATUS_JOINING)
                    .map(Member::getId)
                    .toList();
        }
        if (joining.isEmpty()) {
            throw new CommandFailure(
                    ExitCode.NOT_FOUND,
                    "no node waits to join",
                    "start one with 'join: {seeds: [...], token: ...}' in its configuration: see docs/operations.md");
        }
        return joining.stream()
                .map(node ->
                        of(node).setJoin(StagedChange.Join.getDefaultInstance()).build())
                .toList();
    }
}
