package dev.quorate.cli.key;

import dev.quorate.cli.connect.ClusterConnection;
import dev.quorate.cli.connect.ClusterConnection.Effect;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.proto.kv.v1.KvServiceGrpc;
import dev.quorate.proto.kv.v1.PutRequest;
import dev.quorate.proto.kv.v1.WriteOptions;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What commands that write one key share. */
abstract class WriteCommand extends KeyCommand {
    @Mixin
    private WriteQuorum quorum;

    @Option(names = "--return-siblings", description = "Print what the key holds after the write.")
    private boolean returnSiblings;

    @Option(names = "--report", description = "Say on standard error which nodes hold the write.")
    private boolean report;

    final WriteOptions.Builder writeOptions() {
        return quorum.options().setReturnSiblings(returnSiblings);
    }

    static WriteAnswer write(ClusterConnection cluster, PutRequest request) {
        return cluster.call(
                Effect.WRITES,
                (channel, deadline) -> WriteAnswer.of(KvServiceGrpc.newBlockingStub(channel)
                        .withDeadline(deadline)
                        .put(request)));
    }

    final ExitCode printWritten(String key, WriteAnswer answer) {
        if (options().json()) {
            printJson(answer.json(bucket(), key, returnSiblings));
            return ExitCode.OK;
        }
        printLine("OK");
        if (returnSiblings) {
            print(Siblings.table(answer.siblings()));
        }
        if (report) {
            say(Reports.line(answer.report()));
        }
        return ExitCode.OK;
    }
}
