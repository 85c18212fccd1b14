package dev.quorate.proto;

import com.google.protobuf.DescriptorProtos.DescriptorProto;
import com.google.protobuf.DescriptorProtos.EnumDescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import com.google.protobuf.DescriptorProtos.MethodDescriptorProto;
import com.google.protobuf.DescriptorProtos.ServiceDescriptorProto;
import com.google.protobuf.DescriptorProtos.SourceCodeInfo.Location;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Finds what makes the protocol harder to read or to extend: those of buf's rules STANDARD and COMMENTS that have caught
 * something, so that a build needs nothing but Maven. The .proto files are the reference for authors of clients.
 */
final class ProtoLint {
    private static final Pattern LOWER_SNAKE = Pattern.compile("[a-z][a-z0-9]*(_[a-z0-9]+)*");
    private static final Pattern UPPER_SNAKE = Pattern.compile("[A-Z][A-Z0-9]*(_[A-Z0-9]+)*");
    private static final Pattern PASCAL = Pattern.compile("[A-Z][A-Za-z0-9]*");
    private static final Pattern PACKAGE = Pattern.compile("quorate(\\.[a-z]+)+\\.v[1-9][0-9]*");

    private final List<String> problems = new ArrayList<>();
    private final Map<List<Integer>, Location> locations = new HashMap<>();
    private final FileDescriptorProto file;

    private ProtoLint(FileDescriptorProto file) {
        this.file = file;
        file.getSourceCodeInfo().getLocationList().forEach(location -> locations.put(location.getPathList(), location));
    }

    /** One line for each problem; the set must hold source information. */
    static List<String> problemsOf(FileDescriptorSet set) {
        List<String> problems = new ArrayList<>();
        set.getFileList().forEach(file -> problems.addAll(new ProtoLint(file).check()));
        problems.addAll(sharedRequestsAndResponses(set));
        return problems;
    }

    private List<String> check() {
        String path = file.getName();
        String folder = path.substring(0, Math.max(0, path.lastIndexOf('/')));
        String name = path.substring(path.lastIndexOf('/') + 1).replaceFirst("\\.proto$", "");
        require(PACKAGE.matcher(file.getPackage()).matches(), path, "package is not quorate.<area>.v<number>");
        require(file.getPackage().replace('.', '/').equals(folder), path, "package is not the folder");
        require(LOWER_SNAKE.matcher(name).matches(), path, "file name is not lower_snake_case");
        require(file.getSyntax().equals("proto3"), path, "syntax is not proto3");
        require(file.getOptions().getJavaMultipleFiles(), path, "java_multiple_files is not set");
        require(
                file.getOptions()
                        .getJavaPackage()
                        .equals(file.getPackage().replaceFirst("^quorate", "dev.quorate.proto")),
                path,
                "java_package does not follow the package");
        for (int i = 0; i < file.getMessageTypeCount(); i++) {
            checkMessage(file.getMessageType(i), List.of(FileDescriptorProto.MESSAGE_TYPE_FIELD_NUMBER, i));
        }
        for (int i = 0; i < file.getEnumTypeCount(); i++) {
            checkEnum(file.getEnumType(i), List.of(FileDescriptorProto.ENUM_TYPE_FIELD_NUMBER, i));
        }
        for (int i = 0; i < file.getServiceCount(); i++) {
            checkService(file.getService(i), List.of(FileDescriptorProto.SERVICE_FIELD_NUMBER, i));
        }
        return problems;
    }

    private void checkMessage(DescriptorProto message, List<Integer> path) {
        if (message.getOptions().getMapEntry()) {
            return; // made by the compiler
        }
        String name = message.getName();
        require(PASCAL.matcher(name).matches(), name, "message is not PascalCase");
        requireComment(name, path);
        for (int i = 0; i < message.getFieldCount(); i++) {
            FieldDescriptorProto field = message.getField(i);
            String label = name + "." + field.getName();
            require(LOWER_SNAKE.matcher(field.getName()).matches(), label, "field is not lower_snake_case");
            requireComment(label, child(path, DescriptorProto.FIELD_FIELD_NUMBER, i));
        }
        for (int i = 0; i < message.getOneofDeclCount(); i++) {
            int index = i;
            boolean written = message.getFieldList().stream()
                    .anyMatch(field ->
                            field.hasOneofIndex() && field.getOneofIndex() == index && !field.getProto3Optional());
            if (written) {
                String label = name + "." + message.getOneofDecl(i).getName();
                require(
                        LOWER_SNAKE.matcher(message.getOneofDecl(i).getName()).matches(),
                        label,
                        "oneof is not lower_snake_case");
                requireComment(label, child(path, DescriptorProto.ONEOF_DECL_FIELD_NUMBER, i));
            }
        }
        for (int i = 0; i < message.getNestedTypeCount(); i++) {
            checkMessage(message.getNestedType(i), child(path, DescriptorProto.NESTED_TYPE_FIELD_NUMBER, i));
        }
        for (int i = 0; i < message.getEnumTypeCount(); i++) {
            checkEnum(message.getEnumType(i), child(path, DescriptorProto.ENUM_TYPE_FIELD_NUMBER, i));
        }
    }

    private void checkEnum(EnumDescriptorProto type, List<Integer> path) {
        String name = type.getName();
        String prefix = name.replaceAll("([a-z0-9])([A-Z])", "$1_$2").toUpperCase(Locale.ROOT) + "_";
        require(PASCAL.matcher(name).matches(), name, "enum is not PascalCase");
        requireComment(name, path);
        require(
                type.getValueCount() > 0 && type.getValue(0).getName().equals(prefix + "UNSPECIFIED"),
                name,
                "zero value is not " + prefix + "UNSPECIFIED");
        for (int i = 0; i < type.getValueCount(); i++) {
            String value = type.getValue(i).getName();
            String label = name + "." + value;
            require(UPPER_SNAKE.matcher(value).matches(), label, "enum value is not UPPER_SNAKE_CASE");
            require(value.startsWith(prefix), label, "enum value does not start with " + prefix);
            requireComment(label, child(path, EnumDescriptorProto.VALUE_FIELD_NUMBER, i));
        }
    }

    private void checkService(ServiceDescriptorProto service, List<Integer> path) {
        String name = service.getName();
        require(
                PASCAL.matcher(name).matches() && name.endsWith("Service"),
                name,
                "service is not named SomethingService");
        requireComment(name, path);
        for (int i = 0; i < service.getMethodCount(); i++) {
            MethodDescriptorProto rpc = service.getMethod(i);
            String label = name + "." + rpc.getName();
            require(PASCAL.matcher(rpc.getName()).matches(), label, "rpc is not PascalCase");
            require(
                    isNamedAfter(rpc, name, rpc.getInputType(), "Request"),
                    label,
                    "request is not named after the rpc");
            require(
                    isNamedAfter(rpc, name, rpc.getOutputType(), "Response"),
                    label,
                    "response is not named after the rpc");
            requireComment(label, child(path, ServiceDescriptorProto.METHOD_FIELD_NUMBER, i));
        }
    }

    private static boolean isNamedAfter(MethodDescriptorProto rpc, String service, String type, String suffix) {
        String simple = type.substring(type.lastIndexOf('.') + 1);
        return simple.equals(rpc.getName() + suffix) || simple.equals(service + rpc.getName() + suffix);
    }

    /** A message that two calls share can no longer grow for one of them. */
    private static List<String> sharedRequestsAndResponses(FileDescriptorSet set) {
        Map<String, List<String>> users = new LinkedHashMap<>();
        for (FileDescriptorProto file : set.getFileList()) {
            for (ServiceDescriptorProto service : file.getServiceList()) {
                for (MethodDescriptorProto rpc : service.getMethodList()) {
                    String label = service.getName() + "." + rpc.getName();
                    users.computeIfAbsent(rpc.getInputType(), type -> new ArrayList<>())
                            .add(label);
                    users.computeIfAbsent(rpc.getOutputType(), type -> new ArrayList<>())
                            .add(label);
                }
            }
        }
        List<String> problems = new ArrayList<>();
        users.forEach((type, rpcs) -> {
            if (rpcs.size() > 1) {
                problems.add(type + ": shared by " + String.join(", ", rpcs));
            }
        });
        return problems;
    }

    private void requireComment(String element, List<Integer> path) {
        Location location = locations.get(path);
        boolean commented =
                location != null && !(location.getLeadingComments() + location.getTrailingComments()).isBlank();
        require(commented, element, "no comment");
    }

    private void require(boolean holds, String element, String problem) {
        if (!holds) {
            problems.add(file.getName() + ": " + element + ": " + problem);
        }
    }

    private static List<Integer> child(List<Integer> path, int field, int index) {
        List<Integer> child = new ArrayList<>(path);
        child.add(field);
        child.add(index);
        return child;
    }
}
