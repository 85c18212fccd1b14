package dev.quorate.proto;

import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The compiled .proto files: as they are, and as they were when the baseline was last renewed. */
final class DescriptorSets {
    private static final Path CURRENT = Path.of("target", "quorate.binpb");
    private static final Path BASELINE = Path.of("baseline", "quorate.binpb");

    private DescriptorSets() {}

    /** With comments. */
    static FileDescriptorSet current() throws IOException {
        return own(CURRENT);
    }

    static FileDescriptorSet baseline() throws IOException {
        return own(BASELINE);
    }

    /** Both files hold what they import as well, since buf reads no others. */
    private static FileDescriptorSet own(Path path) throws IOException {
        FileDescriptorSet.Builder own = FileDescriptorSet.newBuilder();
        FileDescriptorSet.parseFrom(Files.readAllBytes(path)).getFileList().stream()
                .filter(file -> file.getPackage().startsWith("quorate."))
                .forEach(own::addFile);
        return own.build();
    }

    /** Comments stay out, so that a better comment changes no committed file. */
    static void renewBaseline() throws IOException {
        FileDescriptorSet.Builder renewed = FileDescriptorSet.newBuilder();
        for (FileDescriptorProto file :
                FileDescriptorSet.parseFrom(Files.readAllBytes(CURRENT)).getFileList()) {
            renewed.addFile(file.toBuilder().clearSourceCodeInfo());
        }
        Files.createDirectories(BASELINE.getParent());
        Files.write(BASELINE, renewed.build().toByteArray());
    }
}
