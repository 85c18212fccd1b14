package dev.quorate.core;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.importer.ImportOption.Predefined.DO_NOT_INCLUDE_TESTS;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.library.GeneralCodingRules;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Core decides and does nothing else: it knows no world to act on, and its packages look left only. */
class ArchitectureTest {
    private static final String CORE = "dev.quorate.core";

    private static final JavaClasses CLASSES =
            new ClassFileImporter().withImportOption(DO_NOT_INCLUDE_TESTS).importPackages(CORE);

    /**
     * A package may use those of a lower level and itself. Features on one level do not know each other: the level above
     * introduces them. That leaves no room for a cycle.
     */
    private static final Map<String, Integer> LEVELS = Map.ofEntries(
            Map.entry("model", 0),
            Map.entry("version", 1),
            Map.entry("ring", 1),
            Map.entry("runtime", 1),
            Map.entry("storage", 2),
            Map.entry("peer", 2),
            Map.entry("membership", 3),
            Map.entry("replication", 3),
            Map.entry("antientropy", 3),
            Map.entry("handoff", 3),
            Map.entry("transfer", 3),
            Map.entry("", 4));

    /** What plain values and decisions are made of. Streams, files, sockets, reflection and logging are not among it. */
    private static final Set<String> JDK_PACKAGES = Set.of(
            "", // primitives
            "java.lang",
            "java.lang.annotation",
            "java.lang.constant",
            "java.lang.invoke",
            "java.lang.runtime",
            "java.math",
            "java.nio",
            "java.nio.charset",
            "java.time",
            "java.time.temporal",
            "java.util",
            "java.util.concurrent",
            "java.util.function",
            "java.util.regex",
            "java.util.stream",
            "java.util.zip");

    /** Context tokens are authenticated: see version. */
    private static final Set<String> CRYPTO_PACKAGES = Set.of("java.security", "javax.crypto", "javax.crypto.spec");

    @Test
    void usesNothingButItselfAndPlainValuesOfTheJdk() {
        classes()
                .should()
                .onlyDependOnClassesThat(describe("are of core, of JSpecify or plain values of the JDK", type -> {
                    String name = type.getBaseComponentType().getPackageName();
                    return isCore(name)
                            || name.equals("org.jspecify.annotations")
                            || JDK_PACKAGES.contains(name)
                            || CRYPTO_PACKAGES.contains(name);
                }))
                .check(CLASSES);
    }

    @Test
    void keepsCryptographyInVersion() {
        noClasses()
                .that()
                .resideOutsideOfPackage(CORE + ".version")
                .should()
                .dependOnClassesThat(describe(
                        "are cryptography",
                        type -> CRYPTO_PACKAGES.contains(
                                type.getBaseComponentType().getPackageName())))
                .check(CLASSES);
    }

    @Test
    void readsNoEnvironmentAndPrintsNothing() {
        GeneralCodingRules.NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS.check(CLASSES);
        noClasses()
                .should()
                .callMethodWhere(describe(
                        "reads or ends the process",
                        call -> call.getTargetOwner().isEquivalentTo(System.class)
                                && Set.of("exit", "getenv", "getProperty", "getProperties")
                                        .contains(call.getName())))
                .check(CLASSES);
    }

    @Test
    void runsTheSameWayTwice() {
        classes().should(DeterminismTraps.runTheSameWayTwice()).check(CLASSES);
    }

    @Test
    void everyPackageHasALevel() {
        Set<String> packages = new TreeSet<>();
        CLASSES.forEach(type -> packages.add(feature(type)));
        assertThat(packages).isEqualTo(new TreeSet<>(LEVELS.keySet()));
    }

    @Test
    void looksLeftOnly() {
        classes().should(lookLeftOnly()).check(CLASSES);
    }

    private static ArchCondition<JavaClass> lookLeftOnly() {
        return new ArchCondition<>("look left only") {
            @Override
            public void check(JavaClass type, ConditionEvents events) {
                for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
                    JavaClass target = dependency.getTargetClass().getBaseComponentType();
                    if (isCore(target.getPackageName()) && !looksLeft(feature(type), feature(target))) {
                        events.add(SimpleConditionEvent.violated(type, dependency.getDescription()));
                    }
                }
            }
        };
    }

    private static boolean looksLeft(String from, String to) {
        return from.equals(to) || LEVELS.getOrDefault(from, -1) > LEVELS.getOrDefault(to, Integer.MAX_VALUE);
    }

    private static boolean isCore(String packageName) {
        return packageName.equals(CORE) || packageName.startsWith(CORE + ".");
    }

    private static String feature(JavaClass type) {
        String name = type.getPackageName();
        return name.equals(CORE) ? "" : name.substring(CORE.length() + 1);
    }
}
