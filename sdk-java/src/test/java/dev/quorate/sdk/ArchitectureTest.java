package dev.quorate.sdk;

import static com.tngtech.archunit.core.importer.ImportOption.Predefined.DO_NOT_INCLUDE_TESTS;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.JavaType;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * A program that uses the SDK compiles against our types alone: another version of gRPC or protobuf on its class path, or
 * another transport in the SDK, changes nothing in its source.
 */
class ArchitectureTest {
    private static final String SDK = "dev.quorate.sdk";

    private static final JavaClasses CLASSES =
            new ClassFileImporter().withImportOption(DO_NOT_INCLUDE_TESTS).importPackages(SDK);

    @Test
    void publicApiIsMadeOfItselfAndTheJdk() {
        classes()
                .that()
                .resideInAPackage(SDK)
                .and()
                .arePublic()
                .should(speakOfNothingButTheApiAndTheJdk())
                .check(CLASSES);
    }

    @Test
    void grpcStaysInTransport() {
        noClasses()
                .that()
                .resideOutsideOfPackage(SDK + ".transport..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.grpc..")
                .check(CLASSES);
    }

    @Test
    void packagesHaveNoCycles() {
        slices().matching("(dev.quorate.sdk..)").should().beFreeOfCycles().check(CLASSES);
    }

    private static ArchCondition<JavaClass> speakOfNothingButTheApiAndTheJdk() {
        return new ArchCondition<>("speak of nothing but the API and the JDK") {
            @Override
            public void check(JavaClass type, ConditionEvents events) {
                List<JavaType> parents = new ArrayList<>(type.getInterfaces());
                type.getSuperclass().ifPresent(parents::add);
                parents.forEach(parent -> checkType(type.getName(), parent, events));
                type.getFields().stream()
                        .filter(ArchitectureTest::isVisible)
                        .forEach(field -> checkField(field, events));
                type.getCodeUnits().stream()
                        .filter(ArchitectureTest::isVisible)
                        .forEach(unit -> checkCodeUnit(unit, events));
            }
        };
    }

    private static boolean isVisible(JavaMember member) {
        return member.getModifiers().contains(JavaModifier.PUBLIC)
                || member.getModifiers().contains(JavaModifier.PROTECTED);
    }

    private static void checkField(JavaField field, ConditionEvents events) {
        checkType(field.getFullName(), field.getType(), events);
    }

    private static void checkCodeUnit(JavaCodeUnit unit, ConditionEvents events) {
        checkType(unit.getFullName(), unit.getReturnType(), events);
        unit.getParameterTypes().forEach(parameter -> checkType(unit.getFullName(), parameter, events));
        unit.getExceptionTypes().forEach(thrown -> checkType(unit.getFullName(), thrown, events));
    }

    private static void checkType(String user, JavaType used, ConditionEvents events) {
        for (JavaClass involved : used.getAllInvolvedRawTypes()) {
            JavaClass type = involved.getBaseComponentType();
            boolean own =
                    type.getPackageName().equals(SDK) && type.getModifiers().contains(JavaModifier.PUBLIC);
            boolean jdk = type.isPrimitive() || type.getPackageName().startsWith("java.");
            if (!own && !jdk) {
                events.add(SimpleConditionEvent.violated(user, user + " speaks of " + type.getName()));
            }
        }
    }
}
