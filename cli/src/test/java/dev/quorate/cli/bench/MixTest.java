package dev.quorate.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.EnumMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MixTest {
    @Test
    void readsWhatItPrints() {
        assertThat(Mix.parse("put=5,get=90,del=5")).isEqualTo(new Mix(90, 5, 5)).hasToString("get=90,put=5,del=5");
        assertThat(Mix.parse("get")).isEqualTo(Mix.READS);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "get=50", "get=50,put=51", "get=50,get=50", "scan=100", "get=x", "get=-1,put=101"})
    void sharesThatMakeNoWholeAreRefused(String text) {
        assertThatThrownBy(() -> Mix.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void drawsAsTheSharesSay() {
        SplittableRandom random = new SplittableRandom(7);
        Map<Operation, Integer> drawn = new EnumMap<>(Operation.class);
        Mix mix = new Mix(70, 20, 10);
        for (int i = 0; i < 100_000; i++) {
            drawn.merge(mix.choose(random), 1, Integer::sum);
        }
        assertThat(drawn.get(Operation.GET)).isBetween(69_000, 71_000);
        assertThat(drawn.get(Operation.PUT)).isBetween(19_000, 21_000);
        assertThat(drawn.get(Operation.DELETE)).isBetween(9_000, 11_000);
    }
}
