import dev.quorate.sdk.Bucket;
import dev.quorate.sdk.Codec;
import dev.quorate.sdk.QuorateClient;
import dev.quorate.sdk.QuorateException;
import dev.quorate.sdk.Resolver;
import dev.quorate.sdk.Versioned;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Writes, reads, makes a conflict and resolves it, and asks why a request was refused. ./run.sh HOST:PORT runs it. */
class Example {
    public static void main(String[] arguments) {
        try (QuorateClient client = QuorateClient.builder()
                .seeds(arguments[0])
                .requestTimeout(Duration.ofSeconds(10))
                .build()) {
            Bucket<String> store = client.bucket("default", Codec.utf8());
            String key = "example/java";

            Versioned<String> first = store.put(key, "milk");
            System.out.println("put milk: replicas asked for " + first.report().required());
            System.out.println("get: " + values(store.get(key)));

            // Two writers who have both seen milk and not each other: neither may win.
            store.put(key, first.with("bread"));
            store.put(key, first.with("butter"));
            Versioned<String> conflict = store.get(key);
            System.out.println("siblings: " + values(conflict));

            // The context of the read covers both, so this write replaces both.
            store.put(key, conflict.with(String.join("+", values(conflict))));
            Map<String, List<String>> many = new LinkedHashMap<>();
            store.multiGet(List.of(key, "example/absent"))
                    .forEach((one, outcome) -> many.put(one, values(outcome.orElseThrow())));
            System.out.println("multi-get: " + many);

            // Or all of it in one: read, resolve, change, write; again if somebody was faster.
            Bucket<String> merging = client.bucket("default", Codec.utf8(), Resolver.merging((a, b) -> a + "+" + b));
            System.out.println("update: " + merging.update(key, old -> old + "+jam").value());

            try {
                client.bucket("nowhere").get(key);
            } catch (QuorateException refused) {
                System.out.println("refused: " + refused.reason() + " " + new TreeMap<>(refused.details()));
            }

            store.delete(key, store.get(key));
            System.out.println("after delete: " + values(store.get(key)));
        }
    }

    private static List<String> values(Versioned<String> answer) {
        return answer.siblings().stream().map(sibling -> sibling.value()).sorted().toList();
    }
}
