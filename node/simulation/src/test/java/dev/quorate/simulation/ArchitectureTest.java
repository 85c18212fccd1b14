package dev.quorate.simulation;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.importer.ImportOption.Predefined.DO_NOT_INCLUDE_TESTS;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import dev.quorate.core.DeterminismTraps;
import org.junit.jupiter.api.Test;

/** What a seed decides must not depend on anything else; only the command that runs many seeds lives in the real world. */
class ArchitectureTest {
    private static final JavaClasses CLASSES =
            new ClassFileImporter().withImportOption(DO_NOT_INCLUDE_TESTS).importPackages("dev.quorate.simulation");

    @Test
    void runsTheSameWayTwice() {
        classes()
                .that(describe("are simulated", type -> !isCommand(type) && !isHistory(type)))
                .should(DeterminismTraps.runTheSameWayTwice())
                .check(CLASSES);
        classes()
                .that(describe("are the history", ArchitectureTest::isHistory))
                .should(DeterminismTraps.runTheSameWayTwiceWithLocks())
                .check(CLASSES);
    }

    @Test
    void nothingSimulatedKnowsTheCommand() {
        noClasses()
                .that(describe("are not the command", type -> !isCommand(type)))
                .should()
                .dependOnClassesThat(describe(
                        "are the command or picocli",
                        type -> isCommand(type) || type.getPackageName().startsWith("picocli")))
                .check(CLASSES);
    }

    private static boolean isCommand(JavaClass type) {
        return isOrIsIn(type, SimCommand.class) || isOrIsIn(type, GossipCommand.class);
    }

    /** Real clients on threads of their own record their history with it too. */
    private static boolean isHistory(JavaClass type) {
        return isOrIsIn(type, History.class) || isOrIsIn(type, HistoryChecker.class);
    }

    private static boolean isOrIsIn(JavaClass type, Class<?> outermost) {
        return type.getName().equals(outermost.getName()) || type.getName().startsWith(outermost.getName() + "$");
    }
}
