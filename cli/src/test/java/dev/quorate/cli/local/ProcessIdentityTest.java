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
        String stat = "42 (java) S (x) T 1 42 42 0 -1 4194304 10 0 0 0 150 50 0 0 20 0 30 0 987654 100 200 0";
        assertThat(ProcStat.parse(stat)).isEqualTo(new ProcStat('T', 200, 987654));
        assertThat(ProcStat.parse(stat).stopped()).isTrue();
    }
}
