package dev.quorate.cli;

import com.google.gson.JsonObject;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.KvctlCommand;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;

/** Which kvctl this is. */
@Command(name = "version", description = "Print the version of kvctl and of its Java.")
final class VersionCommand extends KvctlCommand {

    @Override
    protected ExitCode run() {
        if (options().json()) {
            JsonObject json = new JsonObject();
            json.addProperty("version", version());
            json.addProperty("java", Runtime.version().toString());
            printJson(json);
        } else {
            printLine(Provider.line());
        }
        return ExitCode.OK;
    }

    /** From the jar's manifest; classes outside a jar have none. */
    static String version() {
        String version = VersionCommand.class.getPackage().getImplementationVersion();
        return version == null ? "unpackaged" : version;
    }

    static final class Provider implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {line()};
        }

        static String line() {
            return "kvctl " + version() + " (Java " + Runtime.version() + ")";
        }
    }
}
