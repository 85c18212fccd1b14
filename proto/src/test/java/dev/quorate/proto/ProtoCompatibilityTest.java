package dev.quorate.proto;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.DescriptorProtos.DescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import com.google.protobuf.TextFormat;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class ProtoCompatibilityTest {
    private static final String RENEW = "./mvnw -pl proto test -Dproto.renewBaseline=true";

    private static final String OLD = """
            file {
              name: "quorate/demo/v1/demo.proto"
              package: "quorate.demo.v1"
              message_type {
                name: "Pet"
                field { name: "name" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL json_name: "name" }
                field { name: "age" number: 2 type: TYPE_UINT32 label: LABEL_OPTIONAL json_name: "age" }
              }
              enum_type {
                name: "Kind"
                value { name: "KIND_UNSPECIFIED" number: 0 }
                value { name: "KIND_CAT" number: 1 }
              }
              service {
                name: "PetService"
                method { name: "Feed" input_type: ".quorate.demo.v1.Pet" output_type: ".quorate.demo.v1.Pet" }
              }
            }
            """;

    @BeforeAll
    static void renewWhenAsked() throws IOException {
        if (Boolean.getBoolean("proto.renewBaseline")) {
            DescriptorSets.renewBaseline();
        }
    }

    @Test
    void clientsOfTheBaselineUnderstandTheCurrentProtocol() throws IOException {
        FileDescriptorSet baseline = DescriptorSets.baseline();
        assertThat(baseline.getFileList()).isNotEmpty();
        assertThat(ProtoCompatibility.breaksBetween(baseline, DescriptorSets.current()))
                .as(
                        "Deployed clients and peers would misunderstand these. Add a field beside the old one, or reserve the"
                                + " number and name of one that goes. When no release ever held the old form: " + RENEW)
                .isEmpty();
    }

    @Test
    void additionsAreNoBreak() throws IOException {
        assertThat(breaks(OLD.replace("service {", """
                        message_type { name: "Owner" }
                        service {
                          method { name: "Walk" input_type: ".quorate.demo.v1.Pet" output_type: ".quorate.demo.v1.Pet" }
                        """))).isEmpty();
    }

    @Test
    void aFieldMayGoOnlyWhenItsNumberAndNameAreReserved() throws IOException {
        String line =
                OLD.lines().filter(text -> text.contains("\"age\"")).findFirst().orElseThrow();
        assertThat(breaks(OLD.replace(line, ""))).singleElement().asString().contains("Pet.age = 2 is gone");
        assertThat(breaks(OLD.replace(line, "reserved_range { start: 2 end: 3 }")))
                .hasSize(1);
        assertThat(breaks(OLD.replace(line, "reserved_range { start: 2 end: 3 } reserved_name: \"age\"")))
                .isEmpty();
    }

    @Test
    void aFieldKeepsNameTypeCardinalityAndOneof() throws IOException {
        assertThat(breaks(OLD.replace("{ name: \"age\"", "{ name: \"years\"")))
                .singleElement()
                .asString()
                .contains("name");
        assertThat(breaks(OLD.replace("TYPE_UINT32", "TYPE_INT64")))
                .singleElement()
                .asString()
                .contains("type");
        assertThat(breaks(OLD.replace("TYPE_UINT32 label: LABEL_OPTIONAL", "TYPE_UINT32 label: LABEL_REPEATED")))
                .singleElement()
                .asString()
                .contains("cardinality");
        assertThat(breaks(OLD.replace("number: 2", "oneof_index: 0 number: 2")
                        .replace("name: \"Pet\"", "name: \"Pet\" oneof_decl { name: \"fact\" }")))
                .singleElement()
                .asString()
                .contains("oneof was none and is fact");
    }

    @Test
    void aReservationStays() throws IOException {
        FileDescriptorSet before =
                parse(OLD.replace("name: \"Pet\"", "name: \"Pet\" reserved_range { start: 9 end: 10 }"));
        assertThat(ProtoCompatibility.breaksBetween(before, parse(OLD)))
                .singleElement()
                .asString()
                .contains("no longer reserves 9 to 9");
    }

    @Test
    void enumValuesAndMessagesStay() throws IOException {
        assertThat(breaks(OLD.replace("KIND_CAT", "KIND_DOG"))).hasSize(1);
        assertThat(breaks(OLD.replace("value { name: \"KIND_CAT\" number: 1 }", "")))
                .hasSize(1);
        assertThat(breaks(OLD.replace("\"Kind\"", "\"Sort\""))).hasSize(1);
        assertThat(breaks(OLD.replace("name: \"Pet\"", "name: \"Animal\""))).hasSize(1);
    }

    @Test
    void anRpcKeepsItsMessagesAndItsStreaming() throws IOException {
        assertThat(breaks(OLD.replace("\"Feed\"", "\"Eat\""))).hasSize(1);
        assertThat(breaks(OLD.replace("input_type: \".quorate.demo.v1.Pet\"", "input_type: \".quorate.demo.v1.Bowl\"")))
                .hasSize(1);
        assertThat(breaks(OLD.replace("name: \"Feed\"", "name: \"Feed\" server_streaming: true")))
                .hasSize(1);
    }

    @Test
    void nestedMessagesAreComparedToo() {
        DescriptorProto inner = DescriptorProto.newBuilder().setName("Inner").build();
        FileDescriptorSet before = FileDescriptorSet.newBuilder()
                .addFile(com.google.protobuf.DescriptorProtos.FileDescriptorProto.newBuilder()
                        .setPackage("p")
                        .addMessageType(
                                DescriptorProto.newBuilder().setName("Outer").addNestedType(inner)))
                .build();
        FileDescriptorSet.Builder after = before.toBuilder();
        after.getFileBuilder(0).getMessageTypeBuilder(0).clearNestedType();
        assertThat(ProtoCompatibility.breaksBetween(before, after.build()))
                .containsExactly("message p.Outer.Inner is gone");
    }

    private static List<String> breaks(String after) throws IOException {
        return ProtoCompatibility.breaksBetween(parse(OLD), parse(after));
    }

    private static FileDescriptorSet parse(String text) throws IOException {
        return TextFormat.parse(text, FileDescriptorSet.class);
    }
}
