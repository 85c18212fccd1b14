package dev.quorate.sdk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The calls as a program makes them, over both transports, against real sockets. */
class QuorateClientTest {
    @ParameterizedTest
    @EnumSource
    void putsGetsAndDeletes(Transport transport) throws Exception {
        try (FakeCluster cluster = new FakeCluster(3);
                QuorateClient client = cluster.builder().transport(transport).build()) {
            Bucket<String> bucket = client.bucket("default", Codec.utf8());

            assertThat(bucket.get("k").isPresent()).isFalse();
            Versioned<String> written = bucket.put("k", "v");
            assertThat(written.value()).isEqualTo("v");
            assertThat(written.report().acknowledgements()).isEqualTo(2);
            assertThat(bucket.get("k").value()).isEqualTo("v");
            bucket.delete("k");
            Versioned<String> deleted = bucket.get("k");
            assertThat(deleted.toOptional()).isEmpty();
            assertThat(deleted.context().isEmpty())
                    .as("a deletion can be continued")
                    .isFalse();
            assertThatThrownBy(deleted::value)
                    .isInstanceOf(NoSuchElementException.class)
                    .hasMessageContaining("'k'");
        }
    }

    @ParameterizedTest
    @EnumSource
    void answersAreMatchedToTheirRequests(Transport transport) throws Exception {
        try (FakeCluster cluster = new FakeCluster(3);
                QuorateClient client = cluster.builder().transport(transport).build()) {
            Bucket<String> bucket = client.bucket("default", Codec.utf8());
            List<String> keys =
                    IntStream.range(0, 2_000).mapToObj(i -> "key" + i).toList();
            var puts = keys.stream()
                    .map(key -> bucket.putAsync(key, "value of " + key))
                    .toList();
            puts.forEach(put -> assertThat(put.join().isPresent()).isTrue());

            Map<String, Outcome<String>> answers = bucket.multiGet(keys);

            assertThat(answers.keySet()).containsExactlyElementsOf(keys);
            answers.forEach(
                    (key, outcome) -> assertThat(outcome.orElseThrow().value()).isEqualTo("value of " + key));
        }
    }

    @Test
    void manyOperationsTravelInFewMessages() throws Exception {
        try (FakeCluster cluster = new FakeCluster(1);
                QuorateClient client = cluster.client()) {
            Bucket<String> bucket = client.bucket("default", Codec.utf8());
            bucket.put("first", "v");
            int before = cluster.nodes.get(0).messages.get();

            client.bucket("default", Codec.utf8())
                    .multiGet(IntStream.range(0, 1_000).mapToObj(i -> "k" + i).toList());

            assertThat(cluster.nodes.get(0).messages.get() - before).isLessThan(500);
        }
    }
}
