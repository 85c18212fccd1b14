package dev.quorate.cli.bench;

import java.util.EnumMap;
import java.util.Map;
import java.util.StringJoiner;
import java.util.random.RandomGenerator;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Shares of operations in percent, for example {@code get=95,put=5}. */
record Mix(int getPercent, int putPercent, int deletePercent) {
    static final Mix READS = new Mix(100, 0, 0);
    static final Mix WRITES = new Mix(0, 100, 0);
    static final Mix HALF = new Mix(50, 50, 0);

    Mix {
        if (getPercent < 0 || putPercent < 0 || deletePercent < 0 || getPercent + putPercent + deletePercent != 100) {
            throw new IllegalArgumentException("the shares of a mix add up to 100 percent");
        }
    }

    static Mix parse(String text) {
        Map<Operation, Integer> shares = new EnumMap<>(Operation.class);
        for (String part : text.split(",", -1)) {
            int equals = part.indexOf('=');
            Operation operation = switch (equals < 0 ? part : part.substring(0, equals)) {
                case "get" -> Operation.GET;
                case "put" -> Operation.PUT;
                case "del" -> Operation.DELETE;
                default ->
                    throw new IllegalArgumentException(
                            "'" + part + "' is not get=N, put=N or del=N in the mix '" + text + "'");
            };
            try {
                int share = equals < 0 ? 100 : Integer.parseInt(part.substring(equals + 1));
                if (shares.put(operation, share) != null) {
                    throw new IllegalArgumentException("the mix '" + text + "' names an operation twice");
                }
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException("'" + part + "' has no number in the mix '" + text + "'", e);
            }
        }
        return new Mix(
                shares.getOrDefault(Operation.GET, 0),
                shares.getOrDefault(Operation.PUT, 0),
                shares.getOrDefault(Operation.DELETE, 0));
    }

    Operation choose(RandomGenerator random) {
        int drawn = random.nextInt(100);
        return drawn < getPercent ? Operation.GET : drawn < getPercent + putPercent ? Operation.PUT : Operation.DELETE;
    }

    boolean reads() {
        return getPercent > 0;
    }

    @Override
    public String toString() {
        StringJoiner text = new StringJoiner(",");
        if (getPercent > 0) {
            text.add("get=" + getPercent);
        }
        if (putPercent > 0) {
            text.add("put=" + putPercent);
        }
        if (deletePercent > 0) {
            text.add("del=" + deletePercent);
        }
        return text.toString();
    }

    static final class Converter implements ITypeConverter<Mix> {
        @Override
        public Mix convert(String text) {
            try {
                return parse(text);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }
}
