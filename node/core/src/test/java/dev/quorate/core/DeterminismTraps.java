package dev.quorate.core;

import com.tngtech.archunit.core.domain.AccessTarget.CodeUnitAccessTarget;
import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaCodeUnitAccess;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.function.Predicate;
import java.util.stream.BaseStream;
import java.util.stream.Collectors;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;

/**
 * What makes two runs with one seed differ. A failing seed that does not fail again is worth nothing, so everything that a
 * simulated node runs is checked for these (reliability.md 6).
 */
public final class DeterminismTraps {
    private static final String TIME = "ask runtime.Clock";
    private static final String RANDOMNESS = "ask runtime.RandomSource";
    private static final String THREADS = "state belongs to one event loop";
    private static final String ORDER =
            "the order differs from JVM to JVM; use a sorted or linked collection, List or EnumMap";
    private static final String LOCALE = "the answer depends on the machine; name the charset or Locale.ROOT";

    private static final List<Trap> TRAPS = List.of(
            new Trap(System.class, named("nanoTime", "currentTimeMillis"), TIME),
            new Trap(System.class, named("identityHashCode"), ORDER),
            new Trap(Math.class, named("random"), RANDOMNESS),
            new Trap(UUID.class, named("randomUUID"), RANDOMNESS),
            new Trap(Collections.class, named("shuffle").and(parameters(1)), RANDOMNESS),
            new Trap(Object.class, named("wait", "notify", "notifyAll"), THREADS),
            new Trap(CompletionStage.class, target -> target.getName().endsWith("Async"), THREADS),
            new Trap(CompletionStage.class, named("orTimeout", "completeOnTimeout", "delayedExecutor"), TIME),
            new Trap(Future.class, named("get", "join"), "blocks the loop; go on in a stage"),
            new Trap(Collection.class, named("parallelStream"), THREADS),
            new Trap(BaseStream.class, named("parallel"), THREADS),
            new Trap(Arrays.class, target -> target.getName().startsWith("parallel"), THREADS),
            new Trap(Collectors.class, named("toUnmodifiableSet", "toUnmodifiableMap", "groupingByConcurrent"), ORDER),
            new Trap(Charset.class, named("defaultCharset"), LOCALE),
            new Trap(Locale.class, named("getDefault"), LOCALE),
            new Trap(String.class, named("formatted"), LOCALE),
            new Trap(
                    String.class,
                    named("toLowerCase", "toUpperCase", "getBytes").and(parameters(0)),
                    LOCALE),
            new Trap(String.class, named("format").and(lacksParameter(Locale.class)), LOCALE),
            new Trap(String.class, named("<init>").and(takesBytes()).and(lacksCharset()), LOCALE));

    private static final Predicate<CodeUnitAccessTarget> ITERATES =
            named("keySet", "values", "entrySet", "forEach", "iterator", "stream");

    /** Of these types and not of what extends them, such as EnumSet or LinkedHashMap, which have an order of their own. */
    private static final List<Trap> TRAPS_OF_THE_TYPE_ITSELF = List.of(
            new Trap(Set.class, named("of", "copyOf"), ORDER),
            new Trap(Map.class, named("of", "ofEntries", "copyOf"), ORDER),
            new Trap(HashMap.class, ITERATES, ORDER),
            new Trap(HashSet.class, ITERATES, ORDER));

    private static final List<String> BANNED_TYPES = List.of(
            "java.lang.Process",
            "java.lang.ProcessBuilder",
            "java.lang.Runtime",
            "java.lang.Thread",
            "java.lang.ThreadLocal",
            "java.security.SecureRandom",
            "java.util.IdentityHashMap",
            "java.util.Random",
            "java.util.SplittableRandom",
            "java.util.Timer",
            "java.util.WeakHashMap");

    /** Nothing else of java.util.concurrent: locks, queues, pools and atomics have no place on one event loop. */
    private static final List<String> CONCURRENT_TYPES_ALLOWED = List.of(
            "java.util.concurrent.CancellationException",
            "java.util.concurrent.CompletableFuture",
            "java.util.concurrent.CompletionException",
            "java.util.concurrent.CompletionStage",
            "java.util.concurrent.Executor",
            "java.util.concurrent.TimeUnit",
            "java.util.concurrent.TimeoutException");

    private DeterminismTraps() {}

    /** For {@code classes().should(...)}. */
    public static ArchCondition<JavaClass> runTheSameWayTwice() {
        return avoid(true, "run the same way twice");
    }

    /** The same for what a simulated cluster and tests with real threads share: a lock that nobody else asks for decides nothing. */
    public static ArchCondition<JavaClass> runTheSameWayTwiceWithLocks() {
        return avoid(false, "run the same way twice, with locks");
    }

    private static ArchCondition<JavaClass> avoid(boolean locks, String description) {
        return new ArchCondition<>(description) {
            @Override
            public void check(JavaClass type, ConditionEvents events) {
                for (JavaAccess<?> access : type.getAccessesFromSelf()) {
                    if (access instanceof JavaCodeUnitAccess<?> call) {
                        checkCall(call, events);
                    }
                }
                type.getDirectDependenciesFromSelf().forEach(dependency -> checkDependency(dependency, events));
                type.getFields().forEach(field -> checkField(field, events));
                if (locks) {
                    type.getMethods().forEach(method -> checkMethod(method, events));
                    checkMonitors(type, events);
                }
            }
        };
    }

    private static void checkCall(JavaCodeUnitAccess<?> call, ConditionEvents events) {
        JavaClass owner = call.getTargetOwner();
        CodeUnitAccessTarget target = call.getTarget();
        for (Trap trap : TRAPS) {
            if (owner.isAssignableTo(trap.owner) && trap.target.test(target)) {
                report(call.getDescription() + ": " + trap.instead, events);
            }
        }
        for (Trap trap : TRAPS_OF_THE_TYPE_ITSELF) {
            if (owner.isEquivalentTo(trap.owner) && trap.target.test(target)) {
                report(call.getDescription() + ": " + trap.instead, events);
            }
        }
        if (owner.getPackageName().startsWith("java.time") && named("now").test(target)
                || owner.isAssignableTo(java.time.Clock.class)) {
            report(call.getDescription() + ": " + TIME, events);
        }
    }

    private static void checkDependency(Dependency dependency, ConditionEvents events) {
        String target = dependency.getTargetClass().getBaseComponentType().getName();
        boolean banned = BANNED_TYPES.contains(target)
                || target.startsWith("java.util.concurrent.") && !CONCURRENT_TYPES_ALLOWED.contains(target);
        if (banned) {
            report(dependency.getDescription() + ": neither threads nor ambient randomness here", events);
        }
    }

    private static void checkField(JavaField field, ConditionEvents events) {
        // The compiler's own tables, of an enum switch for one, are nobody's to change.
        boolean isStatic = field.getModifiers().contains(JavaModifier.STATIC)
                && !field.getModifiers().contains(JavaModifier.SYNTHETIC);
        JavaClass type = field.getRawType();
        if (field.getModifiers().contains(JavaModifier.VOLATILE)) {
            report(field.getDescription() + " is volatile: " + THREADS, events);
        }
        if (isStatic && !field.getModifiers().contains(JavaModifier.FINAL)) {
            report(field.getDescription() + " is static and not final: nodes of one simulation would share it", events);
        }
        boolean mutable = type.isAssignableTo(java.nio.Buffer.class)
                || type.isAssignableTo(StringBuilder.class)
                || type.isAssignableTo(Future.class)
                || !type.isInterface() && (type.isAssignableTo(Collection.class) || type.isAssignableTo(Map.class))
                || type.isArray() && !field.getModifiers().contains(JavaModifier.PRIVATE);
        if (isStatic && mutable) {
            report(field.getDescription() + " is static and mutable: nodes of one simulation would share it", events);
        }
    }

    private static void checkMethod(JavaMethod method, ConditionEvents events) {
        if (method.getModifiers().contains(JavaModifier.SYNCHRONIZED)) {
            report(method.getDescription() + " is synchronized: " + THREADS, events);
        }
    }

    /** A synchronized block leaves no trace but its instruction. */
    private static void checkMonitors(JavaClass type, ConditionEvents events) {
        ClassVisitor visitor = new ClassVisitor(Opcodes.ASM9) {
            @Override
            public MethodVisitor visitMethod(
                    int access, String name, String descriptor, String generic, String[] thrown) {
                return new MethodVisitor(Opcodes.ASM9) {
                    @Override
                    public void visitInsn(int opcode) {
                        if (opcode == Opcodes.MONITORENTER) {
                            report(type.getName() + "." + name + " has a synchronized block: " + THREADS, events);
                        }
                    }
                };
            }
        };
        try (InputStream bytes = type.getSource().orElseThrow().getUri().toURL().openStream()) {
            new ClassReader(bytes).accept(visitor, ClassReader.SKIP_FRAMES);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the class file of " + type.getName(), e);
        }
    }

    private static void report(String message, ConditionEvents events) {
        events.add(SimpleConditionEvent.violated(message, message));
    }

    private static Predicate<CodeUnitAccessTarget> named(String... names) {
        return target -> Arrays.asList(names).contains(target.getName());
    }

    private static Predicate<CodeUnitAccessTarget> parameters(int count) {
        return target -> target.getRawParameterTypes().size() == count;
    }

    private static Predicate<CodeUnitAccessTarget> lacksParameter(Class<?> type) {
        return target -> target.getRawParameterTypes().stream().noneMatch(parameter -> parameter.isEquivalentTo(type));
    }

    private static Predicate<CodeUnitAccessTarget> takesBytes() {
        return lacksParameter(byte[].class).negate();
    }

    private static Predicate<CodeUnitAccessTarget> lacksCharset() {
        return lacksParameter(Charset.class).and(lacksParameter(String.class));
    }

    /** A call of a method of {@code owner}, or of what extends it. */
    private record Trap(Class<?> owner, Predicate<CodeUnitAccessTarget> target, String instead) {}
}
