package dev.quorate.core.version;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A dot's text is part of the API. */
class DotTest {
    @ParameterizedTest
    @ValueSource(
            strings = {"0.1.0.1", "1.2.10000004f.17", "2147483647.2147483647.ffffffffffffffff.9223372036854775807"})
    void readsWhatItWrites(String text) {
        assertThat(Dot.parse(text)).hasToString(text);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "1.2.3",
                "1.2.3.4.5",
                "01.2.3.4",
                "1.0.3.4",
                "1.2.03.4",
                "1.2.3.0",
                "1.2.A.4",
                "-1.2.3.4",
                "1.2.3.4 ",
                "1.2.3.9223372036854775808",
                "2147483648.1.1.1",
                "1.2.11111111111111111.4"
            })
    void refusesWhatItWouldNotWrite(String text) {
        assertThatThrownBy(() -> Dot.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'" + text + "'");
    }

    @Test
    void ordersBootNumbersAsUnsigned() {
        assertThat(new Actor(0, 1, -1)).isGreaterThan(new Actor(0, 1, 1)).isLessThan(new Actor(0, 2, 0));
        assertThat(new Dot(new Actor(0, 1, 1), 9)).isLessThan(new Dot(new Actor(0, 1, 1), 10));
    }
}
