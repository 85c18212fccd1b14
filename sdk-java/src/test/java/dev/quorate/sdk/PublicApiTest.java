package dev.quorate.sdk;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A program that uses this client must be able to use any version of gRPC and protobuf beside it. */
class PublicApiTest {
    @Test
    void noTypeOfALibraryAppearsInPublicSignatures() throws Exception {
        List<String> leaks = new ArrayList<>();
        List<Class<?>> types = publicTypes();
        assertThat(types).contains(QuorateClient.class, Bucket.class, Versioned.class, QuorateException.class);
        for (Class<?> type : types) {
            for (Method method : type.getDeclaredMethods()) {
                if (isApi(method)) {
                    check(method, method.toGenericString(), leaks);
                }
            }
            for (Constructor<?> constructor : type.getDeclaredConstructors()) {
                if (isApi(constructor)) {
                    check(constructor, constructor.toGenericString(), leaks);
                }
            }
        }
        assertThat(leaks).isEmpty();
    }

    private static boolean isApi(Executable member) {
        return (Modifier.isPublic(member.getModifiers()) || Modifier.isProtected(member.getModifiers()))
                && !member.isSynthetic();
    }

    private static void check(Executable member, String signature, List<String> leaks) {
        for (String foreign : List.of("io.grpc", "com.google", "dev.quorate.proto", "sdk.transport", "sdk.routing")) {
            if (signature.contains(foreign)) {
                leaks.add(member.getDeclaringClass().getSimpleName() + ": " + signature);
            }
        }
    }

    private static List<Class<?>> publicTypes() throws IOException, URISyntaxException, ClassNotFoundException {
        Path folder = Path.of(
                        QuorateClient.class.getProtectionDomain().getCodeSource().getLocation().toURI())
                .resolve("dev/quorate/sdk");
        List<Class<?>> types = new ArrayList<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(path -> path.toString().endsWith(".class")).toList()) {
                String name = file.getFileName().toString().replace(".class", "");
                if (name.equals("package-info")) {
                    continue;
                }
                Class<?> type = Class.forName("dev.quorate.sdk." + name);
                if (isReachable(type)) {
                    types.add(type);
                }
            }
        }
        return types;
    }

    private static boolean isReachable(Class<?> type) {
        for (Class<?> at = type; at != null; at = at.getEnclosingClass()) {
            if (!Modifier.isPublic(at.getModifiers())) {
                return false;
            }
        }
        return true;
    }
}
