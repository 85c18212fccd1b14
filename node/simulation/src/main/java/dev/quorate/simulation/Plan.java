package dev.quorate.simulation;

import java.util.List;

/** Everything that a run does, as data: so a failing run can be made smaller by leaving parts of it out. */
public record Plan(Setup setup, List<ClientOp> operations, List<Fault> faults, List<RingChange> changes) {
    /** On a ring that stays as it is. */
    public Plan(Setup setup, List<ClientOp> operations, List<Fault> faults) {
        this(setup, operations, faults, List.of());
    }

    public Plan {
        changes = List.copyOf(changes);
        operations = List.copyOf(operations);
        faults = List.copyOf(faults);
    }

    Plan withOperations(List<ClientOp> fewer) {
        return new Plan(setup, fewer, faults, changes);
    }

    Plan withFaults(List<Fault> fewer) {
        return new Plan(setup, operations, fewer, changes);
    }

    Plan withChanges(List<RingChange> fewer) {
        return new Plan(setup, operations, faults, fewer);
    }

    /** Parts that could be left out. */
    int size() {
        return operations.size() + faults.size() + changes.size();
    }

    /** One line per part, in the order of time. */
    public String describe() {
        StringBuilder text = new StringBuilder();
        text.append(setup).append('\n');
        faults.stream()
                .sorted((a, b) -> Long.compare(a.atNanos(), b.atNanos()))
                .forEach(fault -> text.append("  ").append(fault).append('\n'));
        changes.stream()
                .sorted((a, b) -> Long.compare(a.atNanos(), b.atNanos()))
                .forEach(change -> text.append("  ").append(change).append('\n'));
        operations.stream()
                .sorted((a, b) -> Long.compare(a.atNanos(), b.atNanos()))
                .forEach(operation -> text.append("  ").append(operation).append('\n'));
        return text.toString();
    }
}
