package dev.quorate.cli.bench;

import com.google.gson.JsonObject;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.KvctlCommand;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** The ceiling on this machine: the same client against a server that only echoes. */
@Command(
        name = "echo",
        description = "Measure a bare gRPC echo with the client of 'bench': the ceiling of unary calls here.")
public final class BenchEchoCommand extends KvctlCommand {
    @Mixin
    private LoadOptions load;

    @Override
    protected ExitCode run() throws Exception {
        load.check();
        Measurement measurement;
        try (EchoProcess echo = EchoProcess.start();
                Target target = new EchoTarget(echo.address(), options().timeout(), load.value())) {
            Loads.awaitAnswer(target);
            Load running = load.load(target, Mix.READS, KeyDistribution.uniform.over(1));
            running.start();
            ServerProcesses servers = new ServerProcesses(List.of(echo.pid()));
            Measurement.take(running, servers, load.warmUp());
            measurement = Measurement.take(running, servers, load.duration());
            running.stop();
        }
        if (options().json()) {
            JsonObject result = measurement.json();
            result.add("settings", load.json());
            result.add("surroundings", Surroundings.json(terminal()));
            printJson(result);
        } else {
            print(BenchCommand.Figures.text(measurement, load.openLoop()));
        }
        return ExitCode.OK;
    }
}
