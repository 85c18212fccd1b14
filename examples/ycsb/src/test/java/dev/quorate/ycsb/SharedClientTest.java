package dev.quorate.ycsb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.quorate.sdk.QuorateClient;
import dev.quorate.sdk.QuorateException;
import java.util.Properties;
import org.junit.jupiter.api.Test;

class SharedClientTest {
    @Test
    void theFirstOpensItAndTheLastClosesIt() throws Exception {
        Properties properties = new Properties();
        properties.setProperty("quorate.nodes", "127.0.0.1:1");
        Settings settings = Settings.of(properties);

        QuorateClient first = SharedClient.acquire(settings);
        assertThat(SharedClient.acquire(settings)).isSameAs(first);
        SharedClient.release();
        assertThat(SharedClient.acquire(settings)).isSameAs(first);
        SharedClient.release();
        SharedClient.release();

        assertThatThrownBy(() -> first.bucket("default").get("key"))
                .isInstanceOfSatisfying(
                        QuorateException.class,
                        failure -> assertThat(failure.reason()).isEqualTo(QuorateException.Reason.CLIENT_CLOSED));
        QuorateClient next = SharedClient.acquire(settings);
        SharedClient.release();
        assertThat(next).isNotSameAs(first);
    }
}
