package dev.quorate.sdk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.quorate.sdk.QuorateException.Reason;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ConflictTest {
    private FakeCluster cluster;
    private QuorateClient client;

    @BeforeEach
    void twoClientsWriteWithoutKnowingOfEachOther() {
        cluster = new FakeCluster(1);
        client = cluster.client();
        client.bucket("default", Codec.utf8()).put("k", "left");
        client.bucket("default", Codec.utf8()).put("k", Versioned.of("right", Context.EMPTY));
    }

    @AfterEach
    void stop() throws Exception {
        client.close();
        cluster.close();
    }

    @Test
    void withoutAResolverTheSiblingsAreThereAndOneValueIsRefused() {
        Versioned<String> both = client.bucket("default", Codec.utf8()).get("k");

        assertThat(both.isConflict()).isTrue();
        assertThat(both.siblings().stream().map(Sibling::value)).containsExactlyInAnyOrder("left", "right");
        assertThatThrownBy(both::value).isInstanceOfSatisfying(QuorateException.class, failure -> {
            assertThat(failure.reason()).isEqualTo(Reason.CONFLICT);
            assertThat(failure).hasMessageContaining("'k' holds 2 concurrent values");
            both.siblings().forEach(sibling -> assertThat(failure).hasMessageContaining(sibling.versionId()));
        });
    }

    @Test
    void withAResolverThereIsOneValueAndWritingItBackSettlesTheConflict() {
        Bucket<String> bucket = client.bucket(
                "default", Codec.utf8(), siblings -> siblings.stream().sorted().collect(Collectors.joining("+")));
        Versioned<String> both = bucket.get("k");
        assertThat(both.value()).isEqualTo("left+right");
        assertThat(both.siblings()).hasSize(2);

        bucket.put("k", both);

        assertThat(bucket.get("k").siblings()).hasSize(1);
        assertThat(cluster.nodes.get(0).store.values("k")).containsExactly("left+right");
    }

    @Test
    void aResolverThatThrowsIsNamed() {
        Bucket<String> bucket = client.bucket("default", Codec.utf8(), siblings -> {
            throw new IllegalStateException("cannot merge carts");
        });
        assertThatThrownBy(() -> bucket.get("k").value())
                .isInstanceOf(QuorateException.class)
                .hasMessageContaining("cannot merge carts");
    }

    @Test
    void aValueThatTheCodecCannotReadIsSaidWhereItIsUsed() {
        client.bucket("default").put("binary", new byte[] {(byte) 0xC3, 0x28});
        Versioned<String> answer = client.bucket("default", Codec.utf8()).get("binary");
        assertThatThrownBy(answer::value)
                .isInstanceOfSatisfying(
                        QuorateException.class,
                        failure -> assertThat(failure.reason()).isEqualTo(Reason.CODEC_FAILED));
    }

    @Test
    void contextsSurviveATripThroughText() {
        Versioned<String> both = client.bucket("default", Codec.utf8()).get("k");
        Context travelled = Context.of(
                java.util.Base64.getUrlDecoder().decode(both.context().toString()));

        client.bucket("default", Codec.utf8()).put("k", Versioned.of("settled", travelled));

        assertThat(cluster.nodes.get(0).store.values("k")).containsExactly("settled");
    }
}
