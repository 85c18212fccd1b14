package dev.quorate.core;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** A rule that finds nothing may be a rule that looks at nothing: each trap is set here once. */
class DeterminismTrapsTest {
    @Test
    void findsEveryTrap() {
        List<String> methods = Arrays.stream(FallsIn.class.getDeclaredMethods())
                .map(java.lang.reflect.Method::getName)
                .filter(name -> !name.startsWith("lambda$"))
                .toList();
        List<String> found = violationsOf(FallsIn.class);

        assertThat(methods).allSatisfy(method -> assertThat(found).anyMatch(text -> text.contains("." + method)));
        assertThat(found).anyMatch(text -> text.contains("lastSeen"));
        assertThat(found).anyMatch(text -> text.contains("CACHE"));
        assertThat(found).anyMatch(text -> text.contains("TABLE"));
        assertThat(found).anyMatch(text -> text.contains("ready"));
    }

    @Test
    void leavesDeterministicCodeAlone() {
        assertThat(violationsOf(StepsAround.class)).isEmpty();
    }

    private static List<String> violationsOf(Class<?> type) {
        JavaClasses imported = new ClassFileImporter().importClasses(type);
        return classes()
                .should(DeterminismTraps.runTheSameWayTwice())
                .evaluate(imported)
                .getFailureReport()
                .getDetails();
    }

    /** Every method, and every field, is a trap of its own. */
    @SuppressWarnings("unused")
    private static final class FallsIn {
        static long lastSeen;
        static final HashMap<String, String> CACHE = new HashMap<>();
        static final int[] TABLE = {1};
        volatile boolean ready;

        long monotonicTime() {
            return System.nanoTime();
        }

        long wallTime() {
            return System.currentTimeMillis();
        }

        Instant instant() {
            return Instant.now();
        }

        java.time.Clock systemClock() {
            return java.time.Clock.systemUTC();
        }

        int identity(Object any) {
            return System.identityHashCode(any);
        }

        Function<Object, Integer> identityByReference() {
            return System::identityHashCode;
        }

        double mathRandom() {
            return Math.random();
        }

        Random ownRandom() {
            return new Random();
        }

        int threadRandom() {
            return ThreadLocalRandom.current().nextInt();
        }

        byte[] secureRandom() {
            return new java.security.SecureRandom().generateSeed(1);
        }

        UUID uuid() {
            return UUID.randomUUID();
        }

        void shuffled(List<String> names) {
            Collections.shuffle(names);
        }

        Thread thread() {
            return Thread.currentThread();
        }

        CompletionStage<String> async(CompletionStage<String> stage) {
            return stage.thenApplyAsync(text -> text);
        }

        CompletableFuture<String> supplyAsync() {
            return CompletableFuture.supplyAsync(() -> "");
        }

        CompletableFuture<String> timeout(CompletableFuture<String> future) {
            return future.orTimeout(1, TimeUnit.SECONDS);
        }

        String joined(CompletableFuture<String> future) {
            return future.join();
        }

        String got(CompletableFuture<String> future) throws Exception {
            return future.get();
        }

        long parallelStreamed(List<String> names) {
            return names.parallelStream().count();
        }

        long parallel(List<String> names) {
            return names.stream().parallel().count();
        }

        Set<String> setOf() {
            return Set.of("a", "b");
        }

        Map<String, String> mapCopy(Map<String, String> map) {
            return Map.copyOf(map);
        }

        Set<String> collected(List<String> names) {
            return names.stream().collect(Collectors.toUnmodifiableSet());
        }

        List<String> unordered(HashMap<String, String> map) {
            return new ArrayList<>(map.values());
        }

        Map<String, String> concurrentMap() {
            return new ConcurrentHashMap<>();
        }

        AtomicLong atomic() {
            return new AtomicLong();
        }

        ReentrantLock lock() {
            return new ReentrantLock();
        }

        synchronized String synchronizedMethod() {
            return "";
        }

        String synchronizedBlock() {
            synchronized (this) {
                return "";
            }
        }

        byte[] defaultCharset(String text) {
            return text.getBytes();
        }

        String defaultCharset(byte[] bytes) {
            return new String(bytes);
        }

        String defaultLocale(String text) {
            return text.toLowerCase();
        }

        String formatted(int number) {
            return "%d".formatted(number);
        }

        String format(int number) {
            return String.format("%d", number);
        }
    }

    @SuppressWarnings("unused")
    private static final class StepsAround {
        private static final int[] TABLE = {1};
        private static final List<String> NAMES = List.of("a", "b");
        private final Map<String, String> map = new TreeMap<>();

        List<String> ordered(LinkedHashMap<String, String> linked) {
            List<String> values = new ArrayList<>(linked.values());
            values.addAll(map.values());
            values.addAll(new TreeSet<>(NAMES));
            EnumSet.of(TimeUnit.DAYS).forEach(unit -> values.add(unit.name()));
            return values;
        }

        CompletionStage<String> staged(CompletableFuture<String> future) {
            return future.thenApply(text -> text.toLowerCase(Locale.ROOT) + TABLE[0]);
        }

        byte[] utf8(String text) {
            return String.format(Locale.ROOT, "%s", text).getBytes(StandardCharsets.UTF_8);
        }
    }
}
