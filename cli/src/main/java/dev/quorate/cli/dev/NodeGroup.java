package dev.quorate.cli.dev;

import dev.quorate.cli.faults.Direction;
import dev.quorate.cli.faults.Disturbance;
import dev.quorate.cli.local.ClusterFile;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/** Nodes on one side of a fault, as {@code 1,2} or {@code n1,n2} names them. */
record NodeGroup(SortedSet<Integer> numbers) {
    /** Groups without a node in common. */
    static List<NodeGroup> parse(List<String> texts, LocalCluster cluster) {
        SortedSet<Integer> seen = new TreeSet<>();
        return texts.stream()
                .map(text -> {
                    SortedSet<Integer> numbers = new TreeSet<>();
                    for (String id : text.split(",")) {
                        ClusterFile.Node node = DevCommand.node(cluster, id.strip());
                        numbers.add(node.number());
                        if (!seen.add(node.number())) {
                            throw new CommandFailure(ExitCode.USAGE, node.id() + " is named twice", null);
                        }
                    }
                    return new NodeGroup(numbers);
                })
                .toList();
    }

    /** What these send to those. */
    SortedMap<Direction, Disturbance> towards(NodeGroup others, Disturbance disturbance) {
        SortedMap<Direction, Disturbance> map = new TreeMap<>();
        for (int from : numbers) {
            for (int to : others.numbers) {
                map.put(new Direction(from, to), disturbance);
            }
        }
        return map;
    }

    /** As {@code 1,2}. */
    String text() {
        return String.join(",", numbers.stream().map(String::valueOf).toList());
    }
}
