package dev.quorate.proto;

import com.google.protobuf.DescriptorProtos.DescriptorProto;
import com.google.protobuf.DescriptorProtos.EnumDescriptorProto;
import com.google.protobuf.DescriptorProtos.EnumValueDescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import com.google.protobuf.DescriptorProtos.MethodDescriptorProto;
import com.google.protobuf.DescriptorProtos.ServiceDescriptorProto;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Finds what a client or peer built from the old files would misunderstand, in binary or in JSON: the rules that buf calls
 * WIRE_JSON. Additions are welcome. A field or enum value may go if its number and its name are reserved.
 */
final class ProtoCompatibility {
    private final List<String> breaks = new ArrayList<>();

    private ProtoCompatibility() {}

    static List<String> breaksBetween(FileDescriptorSet before, FileDescriptorSet after) {
        ProtoCompatibility comparison = new ProtoCompatibility();
        comparison.compareMessages(messagesOf(before), messagesOf(after));
        comparison.compareEnums(enumsOf(before), enumsOf(after));
        comparison.compareMethods(methodsOf(before), methodsOf(after));
        return comparison.breaks;
    }

    private void compareMessages(Map<String, DescriptorProto> before, Map<String, DescriptorProto> after) {
        before.forEach((name, old) -> {
            DescriptorProto now = after.get(name);
            if (now == null) {
                breaks.add("message " + name + " is gone");
                return;
            }
            old.getFieldList().forEach(field -> compareField(name, field, old, now));
            old.getReservedRangeList().stream()
                    .filter(range -> !isReserved(now, range.getStart(), range.getEnd() - 1))
                    .forEach(range -> breaks.add(
                            "%s no longer reserves %d to %d".formatted(name, range.getStart(), range.getEnd() - 1)));
        });
    }

    private void compareField(String message, FieldDescriptorProto old, DescriptorProto before, DescriptorProto after) {
        String field = "%s.%s = %d".formatted(message, old.getName(), old.getNumber());
        FieldDescriptorProto now = after.getFieldList().stream()
                .filter(candidate -> candidate.getNumber() == old.getNumber())
                .findFirst()
                .orElse(null);
        if (now == null) {
            boolean reserved = isReserved(after, old.getNumber(), old.getNumber())
                    && after.getReservedNameList().contains(old.getName());
            if (!reserved) {
                breaks.add(field + " is gone, and its number and name are not both reserved");
            }
            return;
        }
        same(field, "name", old.getName(), now.getName());
        same(field, "JSON name", old.getJsonName(), now.getJsonName());
        same(field, "type", typeOf(old), typeOf(now));
        same(field, "cardinality", cardinalityOf(old), cardinalityOf(now));
        same(field, "oneof", oneofOf(old, before), oneofOf(now, after));
    }

    private void compareEnums(Map<String, EnumDescriptorProto> before, Map<String, EnumDescriptorProto> after) {
        before.forEach((name, old) -> {
            EnumDescriptorProto now = after.get(name);
            if (now == null) {
                breaks.add("enum " + name + " is gone");
                return;
            }
            old.getValueList().forEach(value -> compareEnumValue(name, value, now));
        });
    }

    private void compareEnumValue(String enumeration, EnumValueDescriptorProto old, EnumDescriptorProto after) {
        String value = "%s.%s = %d".formatted(enumeration, old.getName(), old.getNumber());
        EnumValueDescriptorProto now = after.getValueList().stream()
                .filter(candidate -> candidate.getNumber() == old.getNumber())
                .findFirst()
                .orElse(null);
        if (now != null) {
            same(value, "name", old.getName(), now.getName());
            return;
        }
        boolean reserved = after.getReservedNameList().contains(old.getName())
                && after.getReservedRangeList().stream()
                        .anyMatch(range -> range.getStart() <= old.getNumber() && old.getNumber() <= range.getEnd());
        if (!reserved) {
            breaks.add(value + " is gone, and its number and name are not both reserved");
        }
    }

    private void compareMethods(Map<String, MethodDescriptorProto> before, Map<String, MethodDescriptorProto> after) {
        before.forEach((name, old) -> {
            MethodDescriptorProto now = after.get(name);
            if (now == null) {
                breaks.add("rpc " + name + " is gone");
                return;
            }
            same(name, "request", old.getInputType(), now.getInputType());
            same(name, "response", old.getOutputType(), now.getOutputType());
            same(name, "streaming of requests", old.getClientStreaming(), now.getClientStreaming());
            same(name, "streaming of responses", old.getServerStreaming(), now.getServerStreaming());
        });
    }

    private void same(String element, String aspect, Object old, Object now) {
        if (!old.equals(now)) {
            breaks.add("%s: the %s was %s and is %s".formatted(element, aspect, old, now));
        }
    }

    private static boolean isReserved(DescriptorProto message, int first, int last) {
        return message.getReservedRangeList().stream()
                .anyMatch(range -> range.getStart() <= first && last < range.getEnd());
    }

    private static String typeOf(FieldDescriptorProto field) {
        return field.getType() + (field.hasTypeName() ? " " + field.getTypeName() : "");
    }

    private static String cardinalityOf(FieldDescriptorProto field) {
        return field.getProto3Optional() ? "optional" : field.getLabel().name();
    }

    private static String oneofOf(FieldDescriptorProto field, DescriptorProto message) {
        boolean inOneof = field.hasOneofIndex() && !field.getProto3Optional();
        return inOneof ? message.getOneofDecl(field.getOneofIndex()).getName() : "none";
    }

    private static Map<String, DescriptorProto> messagesOf(FileDescriptorSet set) {
        Map<String, DescriptorProto> messages = new LinkedHashMap<>();
        for (FileDescriptorProto file : set.getFileList()) {
            file.getMessageTypeList().forEach(message -> addMessage(file.getPackage(), message, messages));
        }
        return messages;
    }

    private static void addMessage(String scope, DescriptorProto message, Map<String, DescriptorProto> messages) {
        String name = scope + "." + message.getName();
        messages.put(name, message);
        message.getNestedTypeList().forEach(nested -> addMessage(name, nested, messages));
    }

    private static Map<String, EnumDescriptorProto> enumsOf(FileDescriptorSet set) {
        Map<String, EnumDescriptorProto> enums = new LinkedHashMap<>();
        for (FileDescriptorProto file : set.getFileList()) {
            file.getEnumTypeList().forEach(type -> enums.put(file.getPackage() + "." + type.getName(), type));
        }
        messagesOf(set)
                .forEach((name, message) ->
                        message.getEnumTypeList().forEach(type -> enums.put(name + "." + type.getName(), type)));
        return enums;
    }

    private static Map<String, MethodDescriptorProto> methodsOf(FileDescriptorSet set) {
        Map<String, MethodDescriptorProto> methods = new LinkedHashMap<>();
        for (FileDescriptorProto file : set.getFileList()) {
            for (ServiceDescriptorProto service : file.getServiceList()) {
                String name = file.getPackage() + "." + service.getName();
                service.getMethodList().forEach(method -> methods.put(name + "." + method.getName(), method));
            }
        }
        return methods;
    }
}
