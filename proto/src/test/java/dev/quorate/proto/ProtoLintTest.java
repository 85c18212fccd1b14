package dev.quorate.proto;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import com.google.protobuf.TextFormat;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProtoLintTest {
    @Test
    void theProtocolIsNamedAndCommentedAsAgreed() throws IOException {
        FileDescriptorSet current = DescriptorSets.current();
        assertThat(current.getFileList()).isNotEmpty();
        assertThat(ProtoLint.problemsOf(current)).isEmpty();
    }

    @Test
    void acceptsWhatIsNamedAndCommented() throws IOException {
        assertThat(problems("""
                        message_type { name: "Pet" field { name: "pet_name" number: 1 } }
                        source_code_info {
                          location { path: [4, 0] leading_comments: "An animal." }
                          location { path: [4, 0, 2, 0] trailing_comments: "What it answers to." }
                        }
                        """)).isEmpty();
    }

    @Test
    void asksForAComment() throws IOException {
        assertThat(problems("message_type { name: 'Pet' field { name: 'pet_name' number: 1 } }"))
                .containsExactly(
                        "quorate/demo/v1/demo.proto: Pet: no comment",
                        "quorate/demo/v1/demo.proto: Pet.pet_name: no comment");
    }

    @Test
    void asksForCaseByKind() throws IOException {
        assertThat(problems("message_type { name: 'pet' field { name: 'petName' number: 1 } }"))
                .anyMatch(problem -> problem.endsWith("pet: message is not PascalCase"))
                .anyMatch(problem -> problem.endsWith("pet.petName: field is not lower_snake_case"));
    }

    @Test
    void asksForAnUnspecifiedZeroAndThePrefix() throws IOException {
        assertThat(problems("enum_type { name: 'PetKind' value { name: 'CAT' number: 0 } }"))
                .anyMatch(problem -> problem.endsWith("PetKind: zero value is not PET_KIND_UNSPECIFIED"))
                .anyMatch(problem -> problem.endsWith("PetKind.CAT: enum value does not start with PET_KIND_"));
    }

    @Test
    void asksForMessagesOfEachRpcAlone() throws IOException {
        assertThat(problems("""
                        service {
                          name: "Pets"
                          method { name: "Feed" input_type: ".quorate.demo.v1.FeedRequest" output_type: ".quorate.demo.v1.Pet" }
                          method { name: "Walk" input_type: ".quorate.demo.v1.FeedRequest" output_type: ".quorate.demo.v1.WalkResponse" }
                        }
                        """))
                .anyMatch(problem -> problem.endsWith("Pets: service is not named SomethingService"))
                .anyMatch(problem -> problem.endsWith("Pets.Feed: response is not named after the rpc"))
                .anyMatch(problem -> problem.endsWith("Pets.Walk: request is not named after the rpc"))
                .contains(".quorate.demo.v1.FeedRequest: shared by Pets.Feed, Pets.Walk");
    }

    @Test
    void asksForThePackageOfTheFolder() throws IOException {
        String misplaced = header().replace("quorate/demo/v1/demo.proto", "demo/v1/Demo.proto");
        assertThat(ProtoLint.problemsOf(TextFormat.parse("file { " + misplaced + " }", FileDescriptorSet.class)))
                .containsExactly(
                        "demo/v1/Demo.proto: demo/v1/Demo.proto: package is not the folder",
                        "demo/v1/Demo.proto: demo/v1/Demo.proto: file name is not lower_snake_case");
    }

    private static List<String> problems(String content) throws IOException {
        return ProtoLint.problemsOf(TextFormat.parse("file { " + header() + content + " }", FileDescriptorSet.class));
    }

    private static String header() {
        return """
                name: "quorate/demo/v1/demo.proto"
                package: "quorate.demo.v1"
                syntax: "proto3"
                options { java_multiple_files: true java_package: "dev.quorate.proto.demo.v1" }
                """;
    }
}
