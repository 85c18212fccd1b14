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
 * @param majorFaults accesses to memory that had to wait for a disk
 * @param startTicks hundredths of a second since boot
 */
public record ProcStat(char state, long majorFaults, long cpuTicks, long startTicks) {
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
                Long.parseLong(fields.get(9)),
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
        return number(pid, "status", "VmRSS") * 1024;
    }

    /** Of {@link #residentBytes}, pages of mapped files, which the system can do without: it reads them again. */
    public static long residentFileBytes(long pid) throws IOException {
        return number(pid, "status", "RssFile") * 1024;
    }

    /** What disks had to be asked for on behalf of the process, with what was read ahead. */
    public static long diskReadBytes(long pid) throws IOException {
        return number(pid, "io", "read_bytes");
    }

    private static long number(long pid, String file, String name) throws IOException {
        return number(Files.readString(Path.of("/proc", Long.toString(pid), file)), name);
    }

    /** The number in the line {@code name: number unit}; 0 if there is none. */
    static long number(String text, String name) {
        return text.lines()
                .filter(line -> line.startsWith(name + ":"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .findFirst()
                .orElse(0);
    }
}
