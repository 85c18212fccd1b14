package dev.quorate.core.replication;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Failure;
import dev.quorate.core.peer.GetAnswer;
import dev.quorate.core.peer.GetCommand;
import dev.quorate.core.peer.Mode;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.peer.Result;
import dev.quorate.core.peer.WriteAnswer;
import dev.quorate.core.peer.WriteCommand;
import dev.quorate.core.ring.Move;
import dev.quorate.core.ring.PreferenceList;
import dev.quorate.core.runtime.BootSource;
import dev.quorate.core.runtime.HybridClock;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.version.ContextToken;
import java.time.Duration;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/**
 * Replication as one node sees it: client operations in, requests of peers in. Decides who coordinates: this node if it owns the key,
 * otherwise an owner, one hop away; where no owner can be had and the operation is sloppy, this node all the same. Confined to the event loop.
 */
public final class Coordinator {
    private final Local local;
    private final ClientGate gate;
    private final ReplicaSide replicaSide;
    private final ReadCoordinator reads;
    private final WriteCoordinator writes;
    private final Forwarder forwarder;
    private final DotMint mint;
    private final String forwardedIdPrefix;
    private final Metrics.Counter stoodIn;
    private final Metrics.Counter staleRing;
    private long forwardedIds;

    public Coordinator(Local local, int clusterNumber, Bytes clusterKey, BootSource boots, HybridClock hybridClock) {
        this.local = local;
        SortedMap<String, Bucket> byName = new TreeMap<>();
        local.bucketsById().values().forEach(bucket -> byName.put(bucket.name(), bucket));
        this.gate = new ClientGate(
                byName,
                local.config(),
                new ContextToken(clusterKey),
                local.rules().versions());
        RecordRescue rescue = new RecordRescue(local);
        this.mint = new DotMint(clusterNumber, local.self().number(), boots, local.rules(), local.metrics());
        HintKeeper keeper = new HintKeeper(local, hybridClock);
        Fallbacks fallbacks = new Fallbacks(local.ring());
        this.replicaSide = new ReplicaSide(local, hybridClock, rescue, keeper);
        this.reads = new ReadCoordinator(local, replicaSide, new ReadRepair(local, replicaSide), fallbacks);
        RequestLedger ledger =
                new RequestLedger(local.hasher(), local.rules().versions(), local.clock(), local.metrics());
        this.writes = new WriteCoordinator(local, mint, hybridClock, rescue, ledger, fallbacks, keeper);
        this.stoodIn = local.metrics()
                .counter(
                        "coordinated_for_owners_total",
                        "Sloppy operations coordinated here because no owner was to be had");
        this.staleRing = local.metrics()
                .counter(
                        "stale_ring_total",
                        "Requests of peers refused because the row has changed since they last heard");
        this.forwarder = new Forwarder(local);
        this.forwardedIdPrefix = local.self() + "." + Long.toHexString(mint.boot()) + ".";
    }

    public long boot() {
        return mint.boot();
    }

    /** Takes a boot beyond a start number by which others know this node: an older state of it was restored. */
    public CompletionStage<Long> renewBootAbove(long startNo) {
        return mint.renewAbove(startNo);
    }

    public void get(ClientGet get, Duration timeout, Consumer<Result<ClientAnswer>> done) {
        GetCommand command;
        try {
            command = gate.check(get);
        } catch (ClientGate.RefusedException refused) {
            done.accept(Result.failed(refused.failure()));
            return;
        }
        Key key = command.key();
        KeyHash hash = local.hasher().hash(key);
        Consumer<Result<GetAnswer>> answer = result -> done.accept(
                result.match(answered -> Result.of(gate.answer(key, hash, answered)), Result::<ClientAnswer>failed));
        List<NodeId> owners = local.owners(key, hash);
        if (owners.contains(local.self())) {
            reads.read(command, hash, timeout, answer);
        } else if (command.mode() == Mode.STRICT) {
            forwarder.get(command, owners, timeout, answer);
        } else {
            long begun = local.clock().nanos();
            forwarder.get(command, owners, timeout, result -> {
                if (noOwnerCouldDo(result) && local.mayStandIn(hash)) {
                    stoodIn.increment();
                    reads.read(command, hash, timeout.minusNanos(local.clock().nanos() - begun), answer);
                } else {
                    answer.accept(result);
                }
            });
        }
    }

    /** Nothing was done, and that is how it is with every owner. */
    private static boolean noOwnerCouldDo(Result<?> result) {
        Failure failure = result.match(answered -> null, failed -> failed);
        return failure != null
                && (failure.kind() == Failure.Kind.NOT_ENOUGH_REPLICAS_ALIVE
                        || failure.kind() == Failure.Kind.NODE_STARTING
                        || failure.kind() == Failure.Kind.NODE_DRAINING);
    }

    public void write(ClientWrite write, Duration timeout, Consumer<Result<ClientAnswer>> done) {
        WriteCommand command;
        KeyHash hash;
        try {
            Key key = gate.key(gate.bucket(write.bucket()), write.key());
            hash = local.hasher().hash(key);
            command = gate.check(write, hash, key);
        } catch (ClientGate.RefusedException refused) {
            done.accept(Result.failed(refused.failure()));
            return;
        }
        Key key = command.key();
        Consumer<Result<WriteAnswer>> answer = result -> done.accept(
                result.match(answered -> Result.of(gate.answer(key, hash, answered)), Result::<ClientAnswer>failed));
        List<NodeId> owners = local.owners(key, hash);
        long begun = local.clock().nanos();
        if (!owners.contains(local.self())) {
            WriteCommand forwarded = identified(command);
            if (command.mode() == Mode.STRICT) {
                forwarder.write(forwarded, owners, timeout, answer);
                return;
            }
            forwarder.write(forwarded, owners, timeout, result -> {
                boolean decidedByAbsence = command.ifAbsent() && anOwnerStarts(result);
                if (noOwnerCouldDo(result) && !decidedByAbsence && local.mayStandIn(hash)) {
                    stoodIn.increment();
                    writes.write(
                            forwarded, hash, timeout.minusNanos(local.clock().nanos() - begun), answer);
                } else {
                    answer.accept(result);
                }
            });
            return;
        }
        if (cannotSayAbsent(command, hash) || local.unfenced().test(local.slot(hash)) && owners.size() > 1) {
            // That it finds nothing here says nothing, or what it acknowledges does not count.
            forwarder.write(identified(command), owners, timeout, answer);
            return;
        }
        writes.write(command, hash, timeout, result -> {
            if (owners.size() == 1 || !onlyThisOwnerCannot(result)) {
                answer.accept(result);
                return;
            }
            Duration left = timeout.minusNanos(local.clock().nanos() - begun);
            // If no other could either, what is wrong here says more than that the others are away.
            forwarder.write(
                    identified(command), owners, left, there -> answer.accept(noOwnerCouldDo(there) ? result : there));
        });
    }

    /** Whether this node, if it finds nothing, may have forgotten what another owner still knows. */
    private boolean cannotSayAbsent(WriteCommand command, KeyHash hash) {
        return command.ifAbsent()
                && local.recovering().test(local.slot(hash))
                && local.owners(command.key(), hash).size() > 1;
    }

    /** An owner is there that cannot say yet what it holds; it will soon, and who owns nothing of a key never can. */
    private static boolean anOwnerStarts(Result<?> result) {
        return result.match(answered -> false, failed -> failed.kind() == Failure.Kind.NODE_STARTING);
    }

    /** Nothing was done, for a reason that lies in this node: it must not mint over a record it cannot read, or its disk is full. */
    private static boolean onlyThisOwnerCannot(Result<?> result) {
        Failure failure = result.match(answered -> null, failed -> failed);
        return failure != null
                && (failure.kind() == Failure.Kind.RECORD_CORRUPT || failure.kind() == Failure.Kind.STORAGE_FULL);
    }

    /** A forwarded write always has a request id, so that the owner applies it once however often the request arrives. */
    private WriteCommand identified(WriteCommand command) {
        if (!command.requestId().isEmpty()) {
            return command;
        }
        return new WriteCommand(
                command.key(),
                command.value(),
                command.seen(),
                command.w(),
                command.pw(),
                command.ifAbsent(),
                command.returnSiblings(),
                Bytes.utf8(forwardedIdPrefix + ++forwardedIds),
                command.attempt(),
                command.mode());
    }

    /** As {@link Local#mayOwn}. */
    public boolean mayOwn(int slot) {
        return local.mayOwn(slot);
    }

    /** Whether that node is to hold the key, as an owner or as one who is about to be. */
    public boolean owns(NodeId node, Key key, KeyHash hash) {
        List<NodeId> owners = local.owners(key, hash);
        if (owners.contains(node)) {
            return true;
        }
        Move move = local.ring().state().currentMove(local.slot(hash));
        return move != null && move.kind() == Move.Kind.MOVE && move.to().equals(node) && owners.contains(move.from());
    }

    /** Merges into what this node holds, as it would for a peer. */
    public void merge(PeerRequest.Replicate own, KeyHash hash, Consumer<PeerReply> answer) {
        replicaSide.replicate(own, hash, answer);
    }

    /** {@code answer} is called at most once; never when the answer cannot be known. */
    public void onPeerRequest(NodeId from, PeerRequest.Keyed request, Duration timeout, Consumer<PeerReply> answer) {
        KeyHash hash = local.hasher().hash(request.key());
        long theirs = request.rowEpoch();
        long ours = theirs == PeerRequest.Keyed.ANY_ROW ? theirs : local.rowEpoch(hash);
        if (local.rules().rowIsStale(theirs, ours)) {
            staleRing.increment();
            answer.accept(new PeerReply.Refused(PeerReply.Refusal.STALE_RING));
        } else if (theirs > ours) {
            // Whether this node is to hold the key is decided by a ring that it does not know yet.
            long begun = local.clock().nanos();
            local.ringUpdates().fetchFrom(from, () -> {
                Duration left = timeout.minusNanos(local.clock().nanos() - begun);
                if (theirs > local.rowEpoch(hash) || left.isNegative()) {
                    answer.accept(new PeerReply.Refused(PeerReply.Refusal.NOT_READY));
                } else {
                    onPeerRequest(from, request, left, answer);
                }
            });
        } else {
            carryOut(request, hash, timeout, answer);
        }
    }

    private void carryOut(PeerRequest.Keyed request, KeyHash hash, Duration timeout, Consumer<PeerReply> answer) {
        if (request instanceof PeerRequest.Replicate replicate) {
            replicaSide.replicate(replicate, hash, answer);
        } else if (request instanceof PeerRequest.Read read) {
            replicaSide.read(read, hash, answer);
        } else if (request instanceof PeerRequest.Inspect inspect) {
            replicaSide.inspect(inspect.key(), answer);
        } else if (request instanceof PeerRequest.ForwardGet get) {
            if (ownsOrRefuses(get, hash, answer)) {
                reads.read(get.command(), hash, timeout, result -> answer.accept(new PeerReply.ForwardedGet(result)));
            }
        } else if (request instanceof PeerRequest.ForwardWrite write) {
            if (!ownsOrRefuses(write, hash, answer)) {
                return;
            }
            if (cannotSayAbsent(write.command(), hash)) {
                answer.accept(new PeerReply.Refused(PeerReply.Refusal.NOT_READY));
                return;
            }
            writes.write(write.command(), hash, timeout, result -> answer.accept(new PeerReply.ForwardedWrite(result)));
        }
    }

    private boolean ownsOrRefuses(PeerRequest.Keyed request, KeyHash hash, Consumer<PeerReply> answer) {
        boolean owns = local.owners(request.key(), hash).contains(local.self());
        boolean unfenced = owns
                && request instanceof PeerRequest.ForwardWrite
                && local.unfenced().test(local.slot(hash));
        if (!owns || unfenced) {
            answer.accept(new PeerReply.Refused(unfenced ? PeerReply.Refusal.NOT_READY : PeerReply.Refusal.NOT_OWNER));
        }
        return owns && !unfenced;
    }

    public Result<Placement> placement(String bucketName, Bytes keyBytes) {
        try {
            return Result.of(placement(gate.key(gate.bucket(bucketName), keyBytes)));
        } catch (ClientGate.RefusedException refused) {
            return Result.failed(refused.failure());
        }
    }

    private Placement placement(Key key) {
        KeyHash hash = local.hasher().hash(key);
        List<NodeId> owners = local.owners(key, hash);
        int slot = local.slot(hash);
        List<NodeId> fallbacks = PreferenceList.fallbacks(local.table(), slot, owners.size(), owners.get(0));
        return new Placement(hash, slot, owners, fallbacks);
    }

    /** Asks every owner what it holds, this one included, whatever quorum there is, and those that would stand in for them. */
    public CompletionStage<Result<List<Inspection>>> inspect(String bucketName, Bytes keyBytes, Duration timeout) {
        CompletableFuture<Result<List<Inspection>>> all = new CompletableFuture<>();
        try {
            Key key = gate.key(gate.bucket(bucketName), keyBytes);
            new KeyInspector(local, replicaSide, key, placement(key), all).ask(timeout);
        } catch (ClientGate.RefusedException refused) {
            all.complete(Result.failed(refused.failure()));
        }
        return all;
    }
}
