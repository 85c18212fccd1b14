package dev.quorate.server;

import static com.tngtech.archunit.core.importer.ImportOption.Predefined.DO_NOT_INCLUDE_TESTS;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import org.junit.jupiter.api.Test;

/** Each means of talking to the world has one package that knows it, so that it can change alone. */
class ArchitectureTest {
    private static final String SERVER = "dev.quorate.server";

    private static final JavaClasses CLASSES =
            new ClassFileImporter().withImportOption(DO_NOT_INCLUDE_TESTS).importPackages(SERVER);

    @Test
    void generatedMessagesStayInGrpc() {
        noClasses()
                .that()
                .resideOutsideOfPackage(SERVER + ".grpc..")
                .and()
                // Starts a node and is its client.
                .haveNameNotMatching(".*\\.ArchiveRecording(\\$.*)?")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("dev.quorate.proto..", "com.google.protobuf..", "com.google.rpc..")
                .check(CLASSES);
    }

    @Test
    void lmdbStaysInLmdb() {
        noClasses()
                .that()
                .resideOutsideOfPackage(SERVER + ".lmdb..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.lmdbjava..")
                .check(CLASSES);
    }

    @Test
    void yamlStaysInConfig() {
        noClasses()
                .that()
                .resideOutsideOfPackage(SERVER + ".config..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.snakeyaml..")
                .check(CLASSES);
    }

    @Test
    void onlyAppWiresTheOthersTogether() {
        noClasses()
                .that()
                .resideOutsideOfPackage(SERVER + ".app..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage(SERVER + ".app..")
                .check(CLASSES);
    }

    @Test
    void packagesHaveNoCycles() {
        slices().matching("dev.quorate.server.(*)..").should().beFreeOfCycles().check(CLASSES);
    }
}
