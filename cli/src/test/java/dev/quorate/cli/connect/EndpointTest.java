package dev.quorate.cli.connect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.quorate.cli.terminal.CommandFailure;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EndpointTest {
    @Test
    void portMayBeLeftOut() {
        assertThat(Endpoint.parse("db1")).isEqualTo(new Endpoint("db1", 7400));
        assertThat(Endpoint.parse(" db1:80 ")).isEqualTo(new Endpoint("db1", 80));
    }

    @Test
    void ipv6NeedsBracketsAndKeepsThem() {
        assertThat(Endpoint.parse("[::1]:7410")).isEqualTo(new Endpoint("::1", 7410));
        assertThat(Endpoint.parse("[::1]")).hasToString("[::1]:7400");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ":7400", "db1:", "db1:x", "db1:0", "db1:65536", "::1", "http://db1:7400"})
    void mistakesAreNamed(String text) {
        assertThatThrownBy(() -> Endpoint.parse(text))
                .isInstanceOf(CommandFailure.class)
                .hasMessageContaining("'" + text + "'");
    }
}
