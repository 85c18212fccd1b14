package dev.quorate.cli.local;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ProcessIdentityTest {
    @Test
    void thisProcessIsAlive() {
        ProcessIdentity self = ProcessIdentity.of(ProcessHandle.current().pid()).orElseThrow();
        assertThat(self.alive()).isTrue();
    }

    @Test
    void sameIdWithAnotherStartIsAStranger() {
        ProcessIdentity self = ProcessIdentity.of(ProcessHandle.current().pid()).orElseThrow();
        assertThat(new ProcessIdentity(self.pid(), self.start() + "1").alive()).isFalse();
    }

    @Test
    void idThatNobodyHoldsIsNotAlive() {
        // Beyond the largest id that Linux gives out.
        assertThat(ProcessIdentity.of(5_000_000_000L)).isEmpty();
    }

    @Test
    void nameWithSpacesAndParenthesesDoesNotShiftTheFields() {
        String stat = "42 (java) S (x) T 1 42 42 0 -1 4194304 10 0 7 0 150 50 0 0 20 0 30 0 987654 100 200 0";
        assertThat(ProcStat.parse(stat)).isEqualTo(new ProcStat('T', 7, 200, 987654));
        assertThat(ProcStat.parse(stat).stopped()).isTrue();
    }

    @Test
    void numbersAreFoundByTheirWholeName() {
        String io = "rchar: 6976\nread_bytes: 4096\nwrite_bytes: 0\ncancelled_write_bytes: 8\n";
        assertThat(ProcStat.number(io, "read_bytes")).isEqualTo(4096);
        assertThat(ProcStat.number("Name:\tjava\nVmRSS:\t  123456 kB\n", "VmRSS"))
                .isEqualTo(123_456);
        assertThat(ProcStat.number(io, "bytes")).isZero();
    }
}
