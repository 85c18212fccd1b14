package dev.quorate.cli.dev;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.quorate.cli.terminal.CommandFailure;
import org.junit.jupiter.api.Test;

class FreePortsTest {
    @Test
    void portsAreTenApart() {
        assertThat(FreePorts.triples(3, port -> true)).containsExactly(7400, 7410, 7420);
    }

    @Test
    void anyTakenPortOfAThreeMovesThemOn() {
        assertThat(FreePorts.triples(3, port -> port != 7402 && port != 7421)).containsExactly(7410, 7430, 7440);
    }

    @Test
    void noneFreeIsAnError() {
        assertThatThrownBy(() -> FreePorts.triples(1, port -> false)).isInstanceOf(CommandFailure.class);
    }
}
