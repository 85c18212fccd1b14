package dev.quorate.cli.local;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The fields of Linux's {@code /proc/PID/stat} that we use.
 *
 * @param state one letter; T is stopped, Z ended but not reaped
 * @param cpuTicks user and system time in hundredths of a second
 * @param startTicks hundredths of a second since boot
 */
public record ProcStat(char state, long cpuTicks, long startTicks) {
    public static final int TICKS_PER_SECOND = 100;

    public static ProcStat of(long pid) throws IOException {
        return parse(Files.readString(Path.of("/proc", Long.toString(pid), "stat")));
    }

    /** The command's name is in parentheses and may itself hold spaces and parentheses: fields count from the last one. */
    static ProcStat parse(String text) {
        List<String> fields =
                List.of(text.substring(text.lastIndexOf(')') + 2).strip().split(" "));
        return new ProcStat(
                fields.get(0).charAt(0),
                Long.parseLong(fields.get(11)) + Long.parseLong(fields.get(12)),
                Long.parseLong(fields.get(19)));
    }

    public boolean ended() {
        return state == 'Z' || state == 'X';
    }

    public boolean stopped() {
        return state == 'T';
    }

    /** Resident memory in bytes. */
    public static long residentBytes(long pid) throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc", Long.toString(pid), "status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
            }
        }
        return 0;
    }
}
