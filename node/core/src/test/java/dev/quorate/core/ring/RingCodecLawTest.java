package dev.quorate.core.ring;

import static dev.quorate.core.Seeds.forEachSeed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.quorate.core.model.Bytes;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RingCodecLawTest {
    @Test
    void decodesWhatItEncoded() {
        forEachSeed(150, seed -> {
            AnyRingState any = new AnyRingState(seed);
            RingState ring = any.founded();
            for (int i = 0; i < 10; i++) {
                Bytes bytes = RingCodec.encode(ring);
                RingState decoded = RingCodec.decode(bytes);
                assertThat(decoded).isEqualTo(ring);
                assertThat(decoded.toString()).isEqualTo(ring.toString());
                assertThat(RingCodec.encode(decoded)).isEqualTo(bytes);
                ring = any.changed(ring);
            }
        });
    }

    @Test
    void changesLeadFromAnyStateToAnyLaterOne() {
        forEachSeed(150, seed -> {
            AnyRingState any = new AnyRingState(seed);
            RingState base = any.founded();
            for (int i = 0; i < 5; i++) {
                RingState later = base;
                for (int k = any.random().nextInt(6); k >= 0; k--) {
                    later = any.changed(later);
                }
                RingDelta delta = RingCodec.between(base, later);
                assertThat(delta).isNotNull();
                assertThat(RingCodec.apply(base, delta)).isEqualTo(later);
                base = later;
            }
        });
    }

    @Test
    void aSplitRingIsSentWhole() {
        RingState ring = new AnyRingState(1).founded();
        RingState split = ring.edit().split().build();
        assertThat(RingCodec.between(ring, split)).isNull();
        assertThat(RingCodec.decode(RingCodec.encode(split))).isEqualTo(split);
    }

    @Test
    void refusesChangesOfAnotherState() {
        AnyRingState any = new AnyRingState(3);
        RingState ring = any.founded();
        RingState next = any.changed(ring);
        RingDelta delta = RingCodec.between(next, any.changed(next));
        assertThat(delta).isNotNull();
        assertThatThrownBy(() -> RingCodec.apply(ring, delta)).isInstanceOf(IllegalArgumentException.class);
    }

    /** Whatever bytes come, the answer is a ring that has just these bytes, or a refusal of that one kind. */
    @Test
    void refusesWhatNobodyWrites() {
        forEachSeed(300, seed -> {
            AnyRingState any = new AnyRingState(seed % 40);
            RingState ring = any.founded();
            for (int i = any.random().nextInt(8); i > 0; i--) {
                ring = any.changed(ring);
            }
            Random random = new Random(seed);
            byte[] bytes = RingCodec.encode(ring).toByteArray();
            if (random.nextInt(4) == 0) {
                bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length + 4));
            }
            for (int flips = random.nextInt(4); flips >= 0 && bytes.length > 0; flips--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            Bytes damaged = Bytes.owning(bytes);
            try {
                assertThat(RingCodec.encode(RingCodec.decode(damaged))).isEqualTo(damaged);
            } catch (IllegalArgumentException refused) {
                assertThat(refused.getMessage()).isNotNull();
            }
        });
    }

    @Test
    void refusesDamagedChanges() {
        forEachSeed(300, seed -> {
            AnyRingState any = new AnyRingState(seed % 40);
            RingState ring = any.founded();
            RingDelta delta = RingCodec.between(ring, any.changed(any.changed(ring)));
            assertThat(delta).isNotNull();
            Random random = new Random(seed);
            byte[] bytes = delta.changes().toByteArray();
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            RingDelta damaged = new RingDelta(delta.base(), delta.version(), Bytes.owning(bytes));
            try {
                assertThat(RingCodec.apply(ring, damaged).version()).isEqualTo(delta.version());
            } catch (IllegalArgumentException refused) {
                assertThat(refused.getMessage()).isNotNull();
            }
        });
    }

    /** What a ring costs to keep and to send. */
    @Test
    void takesAByteOrTwoForAnOwner() {
        RingState small = AnyRingState.evenly(30, 10, 3, 10);
        RingState large = AnyRingState.evenly(300, 10, 3, 13);
        assertThat(RingCodec.encode(small).length()).isLessThan(3 * 1024 + 30 * 100);
        assertThat(RingCodec.encode(large).length()).isLessThan(2 * 3 * 8192 + 300 * 100);
    }
}
