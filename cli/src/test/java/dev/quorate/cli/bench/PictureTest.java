package dev.quorate.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.quorate.cli.bench.PanelPicture.Panel;
import dev.quorate.cli.bench.PanelPicture.Series;
import dev.quorate.cli.bench.PanelPicture.Value;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.w3c.dom.Document;

class PictureTest {
    private static final PanelPicture.Words WORDS = new PanelPicture.Words("Cost", "a < b & \"c\"", "per second", "ms");

    private static Document parsed(String svg) throws Exception {
        return DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(svg.getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void equalFactorsAreEqualDistances() {
        LogAxis up = new LogAxis(1, 10_000, 200, 0);
        assertThat(up.at(1)).isEqualTo(200);
        assertThat(up.at(10)).isCloseTo(150, within(1e-9));
        assertThat(up.at(100)).isCloseTo(100, within(1e-9));
        assertThat(up.at(10_000)).isCloseTo(0, within(1e-9));
    }

    @ParameterizedTest
    @CsvSource({"3, 70, 2, 100", "10, 1000, 10, 1000", "0.3, 0.4, 0.2, 0.5", "7, 7, 5, 10", "20, 20, 20, 200"})
    void axisEndsAtTicksAroundItsValues(double least, double most, double lowest, double highest) {
        LogAxis axis = LogAxis.around(List.of(most, least), 0, 1);
        assertThat(axis.lowest()).isCloseTo(lowest, within(1e-9));
        assertThat(axis.highest()).isCloseTo(highest, within(1e-9));
        assertThat(axis.ticks()).first().isEqualTo(axis.lowest());
    }

    @Test
    void onlyPowersOfTenAreTicksOfALongAxis() {
        assertThat(new LogAxis(2, 100, 0, 1).ticks()).containsExactly(2.0, 5.0, 10.0, 20.0, 50.0, 100.0);
        assertThat(new LogAxis(500, 1_000_000, 0, 1).ticks()).containsExactly(1e3, 1e4, 1e5, 1e6);
    }

    @Test
    void oneValueLiesInTheMiddle() {
        assertThat(LogAxis.between(List.of(3.0), 0, 100).at(3)).isCloseTo(50, within(1e-9));
        assertThat(LogAxis.between(List.of(1.0, 5.0), 0, 100).at(5)).isEqualTo(100);
    }

    @Test
    void whatHasNoLogarithmIsRefused() {
        assertThatThrownBy(() -> new LogAxis(0, 1, 0, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> LogAxis.between(List.of(0.0, 1.0), 0, 1)).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @CsvSource({"0.5, 0.5", "16, 16", "999, 999", "1000, 1k", "1500, 1.5k", "100000, 100k", "1000000, 1M", "1e7, 10M"})
    void numbersAreShort(double value, String text) {
        assertThat(LogAxis.text(value)).isEqualTo(text);
    }

    @Test
    void textIsNoMarkup() {
        assertThat(Svg.escaped("a < b & \"c\" > 'd'")).isEqualTo("a &lt; b &amp; &quot;c&quot; &gt; &#39;d&#39;");
    }

    @Test
    void pictureIsXmlOnABackgroundOfItsOwn() throws Exception {
        Panel panel = new Panel(
                "keys <n>",
                List.of(10.0, 1000.0),
                List.of(
                        new Series("GET", "#00f", List.of(new Value(10, 100), new Value(1000, 50)), List.of()),
                        new Series("PUT", "#f00", List.of(new Value(10, 0)), List.of(new Value(10, 3)))));
        Document svg = parsed(new PanelPicture(WORDS, List.of(panel, panel)).svg());
        assertThat(svg.getElementsByTagName("title").item(0).getTextContent()).isEqualTo("Cost. a < b & \"c\"");
        assertThat(svg.getElementsByTagName("rect")
                        .item(0)
                        .getAttributes()
                        .getNamedItem("fill")
                        .getNodeValue())
                .isEqualTo("#ffffff");
        // Two in the legend; in each panel two above, one below, and none for the value that is zero.
        assertThat(svg.getElementsByTagName("circle").getLength()).isEqualTo(2 + 2 * 3);
    }

    @Test
    void pictureOfNothingIsStillAPicture() throws Exception {
        Panel empty = new Panel("nodes", List.of(1.0), List.of());
        assertThat(parsed(new PanelPicture(WORDS, List.of(empty)).svg())
                        .getElementsByTagName("circle")
                        .getLength())
                .isZero();
        assertThat(parsed(new PanelPicture(WORDS, List.of()).svg())).isNotNull();
    }
}
