package dev.quorate.core.replication;

import dev.quorate.core.model.Key;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.PeerCalls;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.peer.Result;
import dev.quorate.core.version.VersionedObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Asks everybody who may hold a key what that is, once: owners, and those that would stand in for them first. Confined to the event loop. */
final class KeyInspector {
    /** Nodes outside the row that are asked: those that a sloppy write would have asked. */
    static final int MOST_OTHERS = 8;

    private final Local local;
    private final ReplicaSide replicaSide;
    private final Key key;
    private final List<NodeId> owners;
    private final List<NodeId> asked;
    private final CompletableFuture<Result<List<Inspection>>> done;
    private final SortedMap<NodeId, Optional<String>> errors = new TreeMap<>();
    private final SortedMap<NodeId, PeerReply.Inspected> answers = new TreeMap<>();

    KeyInspector(
            Local local,
            ReplicaSide replicaSide,
            Key key,
            Placement placement,
            CompletableFuture<Result<List<Inspection>>> done) {
        this.local = local;
        this.replicaSide = replicaSide;
        this.key = key;
        this.owners = placement.owners();
        this.asked = new ArrayList<>(owners);
        for (NodeId other : placement.fallbacks()) {
            if (asked.size() < owners.size() + MOST_OTHERS && local.reachable(other)) {
                asked.add(other);
            }
        }
        this.done = done;
    }

    void ask(Duration timeout) {
        for (NodeId node : asked) {
            if (node.equals(local.self())) {
                replicaSide.inspect(key, reply -> answered(node, reply));
                continue;
            }
            local.peers().call(node, new PeerRequest.Inspect(key), timeout, new PeerCalls.Waiter() {
                @Override
                public void answered(PeerReply reply) {
                    KeyInspector.this.answered(node, reply);
                }

                @Override
                public void failed(PeerCalls.CallFailure failure) {
                    heard(
                            node,
                            Optional.of(
                                    switch (failure) {
                                        case NOT_SENT -> "not reachable";
                                        case LINK_LOST -> "connection lost";
                                        case TIMEOUT -> "no answer in time";
                                    }));
                }
            });
        }
    }

    private void answered(NodeId node, PeerReply reply) {
        if (reply instanceof PeerReply.Inspected inspected) {
            answers.put(node, inspected);
            heard(node, Optional.empty());
        } else {
            heard(
                    node,
                    Optional.of(
                            reply instanceof PeerReply.Refused refused
                                    ? refused.refusal().toString()
                                    : "unexpected answer"));
        }
    }

    private void heard(NodeId node, Optional<String> error) {
        errors.put(node, error);
        if (errors.size() < asked.size()) {
            return;
        }
        VersionedObject all = null;
        for (PeerReply.Inspected answer : answers.values()) {
            VersionedObject object = answer.object();
            if (object != null) {
                all = all == null ? object : local.rules().versions().merge(all, object);
            }
        }
        List<Inspection> inspections = new ArrayList<>();
        for (NodeId each : asked) {
            Optional<String> problem = errors.getOrDefault(each, Optional.empty());
            PeerReply.Inspected answer = answers.get(each);
            VersionedObject object = answer == null ? null : answer.object();
            boolean owner = owners.contains(each);
            if (owner || object != null) {
                boolean behind = owner && problem.isEmpty() && lacks(object, all);
                inspections.add(new Inspection(
                        each, owner, problem, object, behind, answer == null ? List.of() : answer.hintedFor()));
            }
        }
        done.complete(Result.of(inspections));
    }

    private boolean lacks(@Nullable VersionedObject object, @Nullable VersionedObject all) {
        return all != null && (object == null || !local.rules().versions().sameDots(object, all));
    }
}
