package dev.quorate.simulation;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Mode;
import dev.quorate.core.replication.Bucket;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Runs one plan: a warm start, chaos, service without those that are lost for good, healing, rest, a write through every node, a last read
 * of every key from all replicas, equal replicas, silence, judgement.
 */
public final class Simulation {
    private static final long SECOND = 1_000_000_000L;

    /** After healing: links come up, timeouts run out, what is under way ends. */
    private static final long REST = 4 * SECOND;

    /** A healed cluster serves within this many attempts, or never. */
    private static final int LAST_ATTEMPTS = 20;

    private static final long LAST_TIMEOUT = SECOND;

    /** With a quorum at rest a write is acknowledged within its deadline; the first may meet a link that is just coming up. */
    private static final int ATTEMPTS_WITHOUT_THE_LOST = 2;

    /** Keys whose service without the lost, and whose single replicas, are tried: enough, and the same time for every plan. */
    private static final int SAMPLED_KEYS = 8;

    /** Whoever kept something for another has handed it over so long after healing. */
    private static final long HAND_OVER = 60 * SECOND;

    /** Bytes that no run fills for one owner. */
    private static final int ROOM_FOR_ALL_HINTS = 1 << 20;

    /** Repairs under way end, or time out. */
    private static final long REPAIRS = 3 * SECOND;

    /** Nothing may happen for this long, once nothing is left to do. */
    private static final long SILENCE = 10 * SECOND;

    private final Plan plan;
    private final SimWorld world;
    private final SimMetrics metrics = new SimMetrics();
    private final Situations situations = new Situations();
    private final History history;
    private final SimCluster cluster;
    private final List<SimClient> clients = new ArrayList<>();
    private final SimClient lastClient;
    private final List<Violation> violations = new ArrayList<>();
    private int lastReadsDone;
    private int lastWritesDone;
    private int probesOutstanding;
    private long repairsBeforeHealing;

    private Simulation(Plan plan, Subject subject) {
        this.plan = plan;
        Setup setup = plan.setup();
        this.world = new SimWorld(setup.seed());
        this.history = new History(History.Evidence.WHITE_BOX, setup.n());
        if (setup.repair() == Bucket.Repair.BLOCKING) {
            history.promiseMonotonicReads();
        }
        this.cluster = new SimCluster(world, plan, subject, history, metrics, situations);
        Map<Integer, List<SimClient.Token>> tokens = new TreeMap<>();
        for (int number = 0; number <= setup.clients(); number++) {
            clients.add(new SimClient(number, world, setup, cluster, history, situations, tokens));
        }
        this.lastClient = clients.remove(setup.clients());
    }

    /** Runs the plan of a seed against production's rules. */
    public static RunReport run(long seed) {
        return run(PlanGenerator.plan(seed), new Subject());
    }

    public static RunReport run(Plan plan, Subject subject) {
        return new Simulation(plan, subject).run();
    }

    private RunReport run() {
        try {
            chaos();
            serveWithoutTheLost();
            rest();
            comeToRest();
            handOver();
            becomeEqualUnread();
            writeEverywhere();
            handOver();
            readAll();
            becomeEqual();
            exchangeRootsOnly();
        } catch (RuntimeException | AssertionError defect) {
            violations.add(new Violation(
                    Violation.DEFECT, "", "at " + world.now() / 1_000 + "us: " + defect + stackOf(defect)));
        }
        cluster.finish();
        violations.addAll(cluster.violations());
        violations.addAll(cluster.witness().violations());
        violations.addAll(HistoryChecker.check(history));
        countSituations();
        Map<Fault.Kind, Integer> faults = new EnumMap<>(Fault.Kind.class);
        plan.faults().forEach(fault -> faults.merge(fault.kind(), 1, Integer::sum));
        return new RunReport(
                plan,
                violations,
                world.trace(),
                world.events(),
                cluster.network().messages(),
                world.now(),
                clients.stream().mapToLong(SimClient::apiOperations).sum() + lastClient.apiOperations(),
                faults,
                cluster.crashesThatLostData(),
                situations,
                metrics.totals());
    }

    private void chaos() {
        cluster.startAll();
        plan.operations().forEach(operation -> clients.get(operation.client()).schedule(operation));
        plan.faults().forEach(cluster::schedule);
        plan.changes().forEach(cluster::schedule);
        world.runUntil(plan.setup().chaosNanos());
    }

    /** I17: with a minority gone for good, whoever can reach W replicas is served, within its deadline. */
    private void serveWithoutTheLost() {
        Setup setup = plan.setup();
        List<Integer> lost = new ArrayList<>();
        List<Integer> remaining = new ArrayList<>();
        for (int machine = 1; machine <= setup.nodes(); machine++) {
            (setup.isLost(machine) ? lost : remaining).add(machine);
        }
        if (lost.isEmpty()) {
            return;
        }
        cluster.healAllBut(lost, setup.lostByCrash());
        world.runUntil(Math.max(world.now(), cluster.network().lastArrivalNanos()) + REST);
        for (int key = 0; key < Math.min(SAMPLED_KEYS, setup.keys()); key++) {
            int copies = 0;
            // A wiped node answers no reads before it has heard everybody out, the lost ones too.
            int readable = 0;
            for (NodeId owner : cluster.owners(SimClient.key(key))) {
                boolean left = !setup.isLost(owner.number());
                copies += left ? 1 : 0;
                readable += left && cluster.answersReads(owner, SimClient.key(key)) ? 1 : 0;
            }
            // A stand-in with no room for another hint refuses, as it must.
            boolean standInsCount = setup.writeMode() == Mode.SLOPPY && setup.hintBytes() >= ROOM_FOR_ALL_HINTS;
            if ((standInsCount ? remaining.size() : copies) >= setup.w() && readable > 0) {
                probesOutstanding++;
                writeWithoutTheLost(key, remaining.get(key % remaining.size()), readable, 1);
            }
        }
        runUntilProbed();
    }

    private void runUntilProbed() {
        long giveUp = world.now() + (LAST_ATTEMPTS + 1) * 3 * SECOND;
        while (probesOutstanding > 0 && world.now() < giveUp && world.step()) {
            // One event after the other until all have been answered.
        }
    }

    private void writeWithoutTheLost(int key, int node, int copies, int attempt) {
        Setup setup = plan.setup();
        ClientOp operation = lastOperation(2_000_000 + key * LAST_ATTEMPTS + attempt, key, node, copies, setup.w());
        SimClient.Ending ending = acknowledged -> {
            if (acknowledged) {
                probesOutstanding--;
                situations.happened(Situation.SERVED_WITHOUT_THE_LOST);
            } else if (attempt < ATTEMPTS_WITHOUT_THE_LOST) {
                world.after(
                        SECOND / 4,
                        SimWorld.WORLD_LANE,
                        SimWorld.Kind.CLIENT,
                        () -> writeWithoutTheLost(key, node, copies, attempt + 1));
            } else {
                probesOutstanding--;
                violations.add(new Violation(
                        Violation.AVAILABILITY,
                        "k" + key,
                        "n" + node + " reaches " + copies + " replicas, and takes no write with w=" + setup.w() + ": "
                                + lastClient.lastFailure() + ";" + cluster.unreachable()));
            }
        };
        if (copies == 0) {
            lastClient.blindWrite(operation, ending);
        } else {
            lastClient.readAndWrite(operation, false, ending);
        }
    }

    private ClientOp lastOperation(int number, int key, int node, int r, int w) {
        return new ClientOp(
                number,
                world.now(),
                plan.setup().clients(),
                key,
                ClientOp.Kind.READ_MODIFY_WRITE,
                node,
                node,
                r,
                w,
                1,
                ClientOp.Retry.NEVER,
                false,
                LAST_TIMEOUT,
                0);
    }

    private void rest() {
        repairsBeforeHealing = metrics.total("read_repairs_total");
        cluster.heal();
        world.runUntil(Math.max(world.now(), cluster.network().lastArrivalNanos()) + REST);
    }

    /** I13: whatever was begun ends: the ring stands still, everybody uses it, and nothing lies where it does not belong. */
    private void comeToRest() {
        long giveUp = world.now() + HAND_OVER * 5;
        cluster.retireTheGone();
        String unrest = cluster.unrest();
        while (unrest != null && world.now() < giveUp) {
            world.runUntil(world.now() + SECOND / 2);
            cluster.retireTheGone();
            unrest = cluster.unrest();
        }
        if (unrest != null) {
            violations.add(new Violation("I13", "", unrest));
        }
        if (cluster.ring().changes() > 0) {
            situations.add(Situation.RING_VERSIONS, cluster.ring().changes());
        }
    }

    /** I7: what was kept for others reaches them in bounded time, without anybody asking. */
    private void handOver() {
        long giveUp = world.now() + HAND_OVER;
        while (cluster.hintsLeft() && world.now() < giveUp) {
            world.runUntil(world.now() + SECOND / 2);
        }
        if (cluster.hintsLeft()) {
            violations.add(
                    new Violation("I7", "", "hints wait " + HAND_OVER / SECOND + " s after everything was healed"));
        }
    }

    /** I17: once healed, every node takes a read and a write with the context that was read. */
    private void writeEverywhere() {
        List<Integer> active = cluster.ring().activeMachines();
        active.forEach(node -> writeUntilAcknowledged(node, 1));
        long giveUp = world.now() + (LAST_ATTEMPTS + 1) * 3 * SECOND;
        while (lastWritesDone < active.size() && world.now() < giveUp && world.step()) {
            // One event after the other until all nodes have done it.
        }
    }

    private void writeUntilAcknowledged(int node, int attempt) {
        Setup setup = plan.setup();
        ClientOp operation = lastOperation(
                1_000_000 + node * LAST_ATTEMPTS + attempt, node % setup.keys(), node, setup.n(), setup.n());
        lastClient.readAndWrite(operation, false, acknowledged -> {
            if (acknowledged) {
                lastWritesDone++;
            } else if (attempt < LAST_ATTEMPTS) {
                world.after(
                        SECOND / 4,
                        SimWorld.WORLD_LANE,
                        SimWorld.Kind.CLIENT,
                        () -> writeUntilAcknowledged(node, attempt + 1));
            } else {
                lastWritesDone++;
                violations.add(new Violation(
                        Violation.AVAILABILITY,
                        "k" + node % setup.keys(),
                        "the healed n" + node + " takes no write after a read: " + lastClient.lastFailure() + ";"
                                + cluster.unreachable()));
            }
        });
    }

    private void readAll() {
        for (int key = 0; key < plan.setup().keys(); key++) {
            readUntilAnswered(key, 1);
        }
        long giveUp = world.now() + (LAST_ATTEMPTS + 1) * 2 * SECOND;
        while (lastReadsDone < plan.setup().keys() && world.now() < giveUp && world.step()) {
            // One event after the other until all keys are read.
        }
    }

    private void readUntilAnswered(int key, int attempt) {
        List<Integer> active = cluster.ring().activeMachines();
        int node = active.get((key + attempt) % active.size());
        lastClient.get(key, node, plan.setup().n(), LAST_TIMEOUT, SimClient.Occasion.LAST, token -> {
            if (token != null) {
                lastReadsDone++;
            } else if (attempt < LAST_ATTEMPTS) {
                world.after(
                        SECOND / 4,
                        SimWorld.WORLD_LANE,
                        SimWorld.Kind.CLIENT,
                        () -> readUntilAnswered(key, attempt + 1));
            } else {
                lastReadsDone++;
                violations.add(new Violation(
                        Violation.AVAILABILITY,
                        "k" + key,
                        "the healed cluster does not answer a read of all "
                                + plan.setup().n()));
            }
        });
    }

    /**
     * I7: reading every key from all its replicas has made them equal. I12: none of them alone shows anything else. I16: and
     * then there is nothing left to do.
     */
    private void becomeEqual() {
        if (lastReadsDone < plan.setup().keys()) {
            return;
        }
        world.runUntil(world.now() + REPAIRS);
        situations.add(Situation.REPAIRED_AFTER_HEALING, metrics.total("read_repairs_total") - repairsBeforeHealing);
        violations.addAll(new Convergence(cluster.contents(), cluster::owners).differences());
        long records = cluster.witness().recordsWritten();
        long repairs = metrics.total("read_repairs_total");
        readFromEachReplica();
        world.runUntil(world.now() + SILENCE);
        records = cluster.witness().recordsWritten() - records;
        repairs = metrics.total("read_repairs_total") - repairs;
        if (records > 0 || repairs > 0) {
            violations.add(new Violation(
                    "I16",
                    "",
                    records + " records written and " + repairs + " repairs sent by equal replicas at rest"));
        }
    }

    private void readFromEachReplica() {
        for (int key = 0; key < Math.min(SAMPLED_KEYS, plan.setup().keys()); key++) {
            for (NodeId owner : cluster.owners(SimClient.key(key))) {
                probesOutstanding++;
                lastClient.get(
                        key, owner.number(), 1, LAST_TIMEOUT, SimClient.Occasion.SETTLED, token -> probesOutstanding--);
            }
        }
        runUntilProbed();
    }

    /** I7: owners that differ become equal, before anybody has read anything. */
    private void becomeEqualUnread() {
        if (!cluster.exchanges()) {
            return;
        }
        long giveUp = world.now() + cluster.convergesWithinNanos();
        String difference = cluster.difference();
        while (difference != null && world.now() < giveUp) {
            world.runUntil(world.now() + SECOND / 10);
            difference = cluster.difference();
        }
        if (difference != null) {
            violations.add(new Violation(
                    "I7",
                    "",
                    difference + ", " + cluster.convergesWithinNanos() / SECOND + " s after the last operation"));
        }
    }

    /** I16: owners that are equal exchange nothing but roots. */
    private void exchangeRootsOnly() {
        if (!cluster.exchanges()) {
            return;
        }
        // Exchanges that began before that end first.
        world.runUntil(world.now() + SECOND);
        long before = detailsExchanged();
        world.runUntil(world.now() + cluster.roundNanos());
        long after = detailsExchanged();
        if (after != before) {
            violations.add(new Violation(
                    "I16", "", after - before + " records compared or sent between replicas that are equal"));
        }
    }

    private long detailsExchanged() {
        return metrics.total("anti_entropy_keys_compared_total")
                + metrics.total("anti_entropy_keys_pulled_total")
                + metrics.total("anti_entropy_keys_pushed_total")
                + metrics.total("anti_entropy_leaf_comparisons_total");
    }

    private void countSituations() {
        situations.add(Situation.READ_HEDGED, metrics.total("reads_hedged_total"));
        situations.add(Situation.READ_REPAIR_PUSHED, metrics.total("read_repairs_total"));
        situations.add(Situation.UPDATE_QUEUED_BEHIND_READ, metrics.total("updates_queued_total"));
        situations.add(
                Situation.RETRY_JOINED_ITS_FIRST_ATTEMPT,
                metrics.total("retries_attached_total") + metrics.total("retries_answered_total"));
        situations.add(Situation.RETRY_DRIVEN_AGAIN, metrics.total("retries_driven_total"));
        situations.add(Situation.BOOT_RENEWED, metrics.total("boot_renewals_total"));
        situations.add(Situation.FORWARDED, metrics.total("forwarded_total"));
        situations.add(Situation.DAMAGED_RECORD_MET, metrics.total("records_damaged_total"));
        situations.add(Situation.DAMAGED_RECORD_RESCUED, metrics.total("records_rescued_total"));
        situations.add(Situation.TOO_MANY_SIBLINGS, metrics.total("siblings_refused_total"));
        situations.add(Situation.REPLICA_CAUGHT_UP_BY_EXCHANGE, metrics.total("anti_entropy_keys_pulled_total"));
        situations.add(Situation.SUSPECT_LEAF_REBUILT, metrics.total("merkle_leaves_corrected_total"));
        situations.add(Situation.SLOT_HANDED_OVER, metrics.total("transfers_handed_over_total"));
        situations.add(Situation.SLOT_TAKEN_OVER, metrics.total("slots_taken_over_total"));
        situations.add(Situation.FORWARDED_TO_NEW_OWNER, metrics.total("transfer_forwards_total"));
        situations.add(Situation.READ_FROM_NEW_OWNER, metrics.total("transfer_reads_proxied_total"));
        situations.add(Situation.HANDOVER_SET_BACK, metrics.total("transfers_set_back_total"));
        situations.add(Situation.STALE_RING_REFUSED, metrics.total("stale_ring_total"));
        situations.add(Situation.RECORD_CLEARED_AWAY, metrics.total("transfer_records_purged_total"));
        situations.add(Situation.COLD_READ, cluster.coldReads());
        situations.add(Situation.NO_OP_WAITED_FOR_BARRIER, cluster.barriersWaited());
        if (metrics.total("dot_conflict_total") > 0) {
            violations.add(new Violation("I8", "", "a merge met one dot with two values"));
        }
    }

    private static String stackOf(Throwable defect) {
        StringBuilder text = new StringBuilder();
        @Nullable Throwable at = defect;
        while (at != null) {
            StackTraceElement[] frames = at.getStackTrace();
            for (int i = 0; i < Math.min(8, frames.length); i++) {
                text.append("\n      at ").append(frames[i]);
            }
            at = at.getCause();
            if (at != null) {
                text.append("\n    caused by ").append(at);
            }
        }
        return text.toString();
    }
}
