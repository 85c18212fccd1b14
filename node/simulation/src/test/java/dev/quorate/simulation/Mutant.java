package dev.quorate.simulation;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Mode;
import dev.quorate.core.replication.Bucket;
import dev.quorate.core.replication.SafetyRules;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.storage.HintRules;
import dev.quorate.core.storage.ObjectDigest;
import dev.quorate.core.storage.TransferRules;
import dev.quorate.core.version.CausalContext;
import dev.quorate.core.version.Dot;
import dev.quorate.core.version.RecordCodec;
import dev.quorate.core.version.Sibling;
import dev.quorate.core.version.StoredRecord;
import dev.quorate.core.version.VersionRules;
import dev.quorate.core.version.VersionedObject;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Plausible mistakes, each one switch. A checker that does not see them sees nothing. Numbers are those of the test plan, letters those of
 * the rules.
 */
enum Mutant {
    M1("a node that lost data counts again from where it began, under its old boot", () -> new Subject() {
        @Override
        public long boot(Start start) {
            return start.lostData() ? start.last() : start.fresh();
        }
    }),
    M2("a restored image goes on under the boot that it was taken in", () -> new Subject() {
        @Override
        public long boot(Start start) {
            return start.diskReplaced() && start.last() != 0 ? start.last() : start.fresh();
        }
    }),
    M3(
            "a record that cannot be read is taken for one that is not there",
            () -> rules(versions -> new SafetyRules(versions) {
                @Override
                public boolean damageIsAbsence() {
                    return true;
                }
            })),
    M4("two machines think they are the same node", () -> new Subject() {
        @Override
        public NodeId identity(int machine) {
            return new NodeId(machine == 2 ? 1 : machine);
        }
    }),
    M5(
            "a deletion forgets what it superseded",
            () -> versions(new VersionRules(Mutant::conflict) {
                @Override
                public StoredRecord put(
                        @Nullable StoredRecord local,
                        Key key,
                        CausalContext seen,
                        Dot dot,
                        long hybridTime,
                        Sibling.Kind kind,
                        Bytes value,
                        int nowSeconds) {
                    StoredRecord stored = super.put(local, key, seen, dot, hybridTime, kind, value, nowSeconds);
                    return kind == Sibling.Kind.TOMBSTONE ? forgetful(stored) : stored;
                }
            })),
    M11(
            "acknowledged before it is durable",
            () -> rules(versions -> new SafetyRules(versions) {
                @Override
                public boolean acknowledgesOnlyDurable() {
                    return false;
                }
            })),
    M12(
            "acknowledged with one copy less than W",
            () -> rules(versions -> new SafetyRules(versions) {
                @Override
                public int acknowledgementsFor(int w) {
                    return Math.max(1, w - 1);
                }
            })),
    M14(
            "a context covers siblings that the answer does not show",
            () -> versions(new VersionRules(Mutant::conflict) {
                @Override
                public CausalContext answerContext(CausalContext effective, Dot dot, int nowSeconds) {
                    return effective.withInterval(dot.actor(), 1, dot.sequence(), nowSeconds);
                }
            })),
    M15(
            "of two siblings from one node the later wins",
            () -> versions(new VersionRules(Mutant::conflict) {
                @Override
                public VersionedObject merge(VersionedObject a, VersionedObject b) {
                    VersionedObject merged = super.merge(a, b);
                    List<Sibling> kept = new ArrayList<>();
                    for (Sibling sibling : merged.siblings()) {
                        kept.removeIf(earlier ->
                                earlier.dot().actor().equals(sibling.dot().actor()));
                        kept.add(sibling);
                    }
                    return kept.size() == merged.siblingCount() ? merged : VersionedObject.of(merged.context(), kept);
                }
            })),
    M16(
            "a merge of concurrent versions keeps one side",
            () -> versions(new VersionRules(Mutant::conflict) {
                @Override
                public VersionedObject merge(VersionedObject a, VersionedObject b) {
                    return switch (relation(a, b)) {
                        case EQUAL, BEFORE, AFTER -> super.merge(a, b);
                        case CONCURRENT -> VersionedObject.of(a.context().union(b.context()), a.siblings());
                    };
                }
            })),
    M17(
            "contexts are pruned of all but what is still there",
            () -> versions(new VersionRules(Mutant::conflict) {
                @Override
                public StoredRecord put(
                        @Nullable StoredRecord local,
                        Key key,
                        CausalContext seen,
                        Dot dot,
                        long hybridTime,
                        Sibling.Kind kind,
                        Bytes value,
                        int nowSeconds) {
                    return forgetful(super.put(local, key, seen, dot, hybridTime, kind, value, nowSeconds));
                }
            })),
    M19(
            "read repair sends the stale side's values",
            () -> rules(versions -> new SafetyRules(versions) {
                @Override
                public VersionedObject repairOf(VersionedObject merged, VersionedObject stale) {
                    return VersionedObject.of(merged.context(), stale.siblings());
                }
            })),
    M22(
            "a retry is written once more, under another dot",
            () -> rules(versions -> new SafetyRules(versions) {
                @Override
                public boolean remembersRequests() {
                    return false;
                }
            })),
    M18("a node hashes siblings in an order of its own", () -> new Subject() {
        private int started;

        @Override
        public SafetyRules rules(Metrics metrics) {
            boolean backwards = ++started % 2 == 0;
            return new SafetyRules(SafetyRules.production(metrics).versions()) {
                @Override
                public ObjectDigest objectDigest(Bytes hashSeed) {
                    return new ObjectDigest(hashSeed) {
                        @Override
                        protected List<Sibling> inOrder(VersionedObject object) {
                            List<Sibling> siblings = new ArrayList<>(object.siblings());
                            if (backwards) {
                                Collections.reverse(siblings);
                            }
                            return siblings;
                        }
                    };
                }
            };
        }
    }),
    M24(
            "a log that failed to sync is taken for one that did",
            () -> rules(versions -> new SafetyRules(versions) {
                @Override
                public boolean failedCommitIsDurable() {
                    return true;
                }
            })),
    M25(
            "checksums of records are not compared",
            () -> rules(versions -> new SafetyRules(versions) {
                @Override
                public RecordCodec recordCodec() {
                    return new RecordCodec() {
                        @Override
                        protected boolean holds(int storedChecksum, int actualChecksum) {
                            return true;
                        }
                    };
                }
            })),
    M26(
            "of concurrent siblings the one with the later clock wins",
            () -> versions(new VersionRules(Mutant::conflict) {
                @Override
                public VersionedObject merge(VersionedObject a, VersionedObject b) {
                    VersionedObject merged = super.merge(a, b);
                    if (merged.siblingCount() < 2) {
                        return merged;
                    }
                    Sibling latest = merged.siblings().get(0);
                    for (Sibling sibling : merged.siblings()) {
                        latest = sibling.hybridTime() > latest.hybridTime() ? sibling : latest;
                    }
                    return VersionedObject.of(merged.context(), List.of(latest));
                }
            })),
    I7(
            "replicas that lack something are taken for equal",
            () -> rules(versions -> new SafetyRules(versions) {
                @Override
                public boolean isStale(@Nullable VersionedObject theirs, VersionedObject merged) {
                    return false;
                }
            })),
    I16(
            "replicas that are equal are repaired",
            () -> rules(versions -> new SafetyRules(versions) {
                @Override
                public boolean isStale(@Nullable VersionedObject theirs, VersionedObject merged) {
                    return true;
                }
            })),
    A1(
            "a put answers with the whole context of what is stored",
            () -> rules(versions -> new SafetyRules(versions) {
                @Override
                public CausalContext answerContext(
                        CausalContext effective, Dot dot, VersionedObject stored, int nowSeconds) {
                    return stored.context();
                }
            })),
    A2("a boot number is used again after every restart", () -> new Subject() {
        @Override
        public long boot(Start start) {
            return start.last() == 0 ? start.fresh() : start.last();
        }
    }),
    A2_UNNOTICED(
            "nobody looks whether a new dot is known already",
            () -> rules(versions -> new SafetyRules(versions) {
                @Override
                public boolean dotIsFree(StoredRecord local, CausalContext seen, Dot dot) {
                    return true;
                }
            })),
    A3(
            "updates do not wait behind a read that decides an earlier one",
            () -> rules(versions -> new SafetyRules(versions) {
                @Override
                public boolean queuesBehindReadForMerge() {
                    return false;
                }
            })),
    A4(
            "a merge that changes nothing is acknowledged at once",
            () -> rules(versions -> new SafetyRules(versions) {
                @Override
                public boolean noOpWaitsForBarrier() {
                    return false;
                }
            })),
    C_ONE_SOURCE(
            "a member is DOWN by the word of one other",
            () -> rules(versions -> new SafetyRules(versions) {
                @Override
                public boolean declaresDown(int sources, int needed) {
                    return sources >= 1;
                }
            })),
    A7(
            "a node that may have lost what it acknowledged answers reads",
            () -> rules(versions -> new SafetyRules(versions) {
                @Override
                public boolean recoveringAnswersReads() {
                    return true;
                }
            })),
    A11(
            "a retry without a context supersedes what its coordinator holds",
            () -> rules(versions -> new SafetyRules(versions) {
                @Override
                public CausalContext blindContext(
                        Bucket.BlindWrites policy, CausalContext local, boolean retryOfUnknown) {
                    return super.blindContext(policy, local, false);
                }
            })),
    M7(
            "a hint is forgotten as soon as it is sent",
            () -> hints(new HintRules() {
                @Override
                public boolean waitsForAcknowledgement() {
                    return false;
                }
            })),
    M13(
            "a node that stands in counts as an owner in strict operations too",
            () -> rules(versions -> new SafetyRules(versions) {
                @Override
                public boolean othersMayStandIn(Mode mode) {
                    return true;
                }

                @Override
                public boolean countsAsOwner(boolean owner) {
                    return true;
                }
            })),
    A8(
            "an acknowledged hint is forgotten though its record has moved on",
            () -> hints(new HintRules() {
                @Override
                public boolean delivered(VersionedObject sent, VersionedObject held) {
                    return true;
                }
            })),
    A9(
            "a node outside the row with no room for another hint does without",
            () -> hints(new HintRules() {
                @Override
                public boolean mayDoWithout(boolean ownsKey) {
                    return true;
                }
            })),
    A10(
            "a node outside the row keeps a record and forgets for whom",
            () -> hints(new HintRules() {
                @Override
                public boolean remembersWhoseItIs() {
                    return false;
                }
            })),
    M9(
            "what is cleared away after a hand-over includes what is kept for others",
            () -> transfers(new TransferRules() {
                @Override
                public boolean mayPurge(StoredRecord record) {
                    return true;
                }
            }));

    private interface Rules {
        SafetyRules of(VersionRules versions);
    }

    private final String mistake;
    private final Supplier<Subject> subject;

    Mutant(String mistake, Supplier<Subject> subject) {
        this.mistake = mistake;
        this.subject = subject;
    }

    String mistake() {
        return mistake;
    }

    Subject subject() {
        return subject.get();
    }

    /** Of the context only what covers the siblings. */
    private static StoredRecord forgetful(StoredRecord stored) {
        CausalContext kept = CausalContext.EMPTY;
        for (Dot dot : stored.object().dots()) {
            kept = kept.withInterval(dot.actor(), dot.sequence(), dot.sequence(), 0);
        }
        VersionedObject object = VersionedObject.of(kept, stored.object().siblings());
        return new StoredRecord(stored.key(), object, null);
    }

    /** Conflicts of dots are not what these are to be caught by. */
    private static void conflict(Sibling kept, Sibling dropped) {}

    private static Subject rules(Rules mutation) {
        return new Subject() {
            @Override
            public SafetyRules rules(Metrics metrics) {
                return mutation.of(SafetyRules.production(metrics).versions());
            }
        };
    }

    private static Subject hints(HintRules mutation) {
        return rules(versions -> new SafetyRules(versions, mutation));
    }

    private static Subject transfers(TransferRules mutation) {
        return rules(versions -> new SafetyRules(versions, new HintRules(), mutation));
    }

    private static Subject versions(VersionRules mutation) {
        return new Subject() {
            @Override
            public SafetyRules rules(Metrics metrics) {
                return new SafetyRules(mutation);
            }
        };
    }
}
