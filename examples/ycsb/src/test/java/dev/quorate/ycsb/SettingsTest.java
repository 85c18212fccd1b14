package dev.quorate.ycsb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import site.ycsb.DBException;

class SettingsTest {
    @Test
    void nothingNeedsToBeSaid() throws Exception {
        Settings settings = settings();

        assertThat(settings.nodes()).isEqualTo("127.0.0.1:7400");
        assertThat(settings.bucket()).isEqualTo("default");
        assertThat(settings.reading().r()).isNull();
        assertThat(settings.writing().w()).isNull();
        assertThat(settings.timeout()).isNull();
        assertThat(settings.fieldCount()).isEqualTo(10);
    }

    @Test
    void propertiesAreTaken() throws Exception {
        Settings settings = settings(
                "quorate.nodes=a:1,b:2",
                "quorate.bucket=carts",
                "quorate.r=1",
                "quorate.w=3",
                "quorate.timeout=250",
                "fieldcount=4");

        assertThat(settings.nodes()).isEqualTo("a:1,b:2");
        assertThat(settings.bucket()).isEqualTo("carts");
        assertThat(settings.reading().r()).isEqualTo(1);
        assertThat(settings.writing().w()).isEqualTo(3);
        assertThat(settings.timeout()).isEqualTo(Duration.ofMillis(250));
        assertThat(settings.fieldCount()).isEqualTo(4);
    }

    @Test
    void whatMakesNoSenseIsRefusedByName() {
        assertThatThrownBy(() -> settings("quorate.node=a:1"))
                .isInstanceOf(DBException.class)
                .hasMessageContaining("quorate.node;")
                .hasMessageContaining("quorate.nodes");
        assertThatThrownBy(() -> settings("quorate.r=two"))
                .isInstanceOf(DBException.class)
                .hasMessage("quorate.r is 'two', not a number");
        assertThatThrownBy(() -> settings("quorate.w=-1"))
                .isInstanceOf(DBException.class)
                .hasMessageContaining("w is -1");
        assertThatThrownBy(() -> settings("quorate.nodes=a").connect())
                .isInstanceOf(DBException.class)
                .hasMessage("'a' is not host:port");
        assertThatThrownBy(() -> settings("quorate.timeout=0").connect())
                .isInstanceOf(DBException.class)
                .hasMessageContaining("not above 0");
    }

    private static Settings settings(String... properties) throws DBException {
        Properties given = new Properties();
        for (String property : properties) {
            int equals = property.indexOf('=');
            given.setProperty(property.substring(0, equals), property.substring(equals + 1));
        }
        return Settings.of(given);
    }
}
