package dev.quorate.core.version;

import static dev.quorate.core.Seeds.forEachSeed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.version.InvalidContextException.Reason;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** A token opens for the key and the cluster that it was made for, unchanged, or not at all. */
class ContextTokenTest {
    private static final Key KEY = new Key(1, Bytes.utf8("cart:42"));
    private static final KeyHash HASH = new KeyHash(0x0123456789abcdefL, 0xfedcba9876543210L);
    private static final CausalContext CONTEXT =
            CausalContext.EMPTY.withInterval(new Actor(0, 1, 1L << 32 | 7), 10, 12, 5);

    private final ContextToken tokens = new ContextToken(Bytes.utf8("the cluster's shared key"));

    @Test
    void opensWhatItSealed() {
        forEachSeed(5_000, seed -> {
            CausalContext context = new AnyVersions(seed).context();
            CausalContext opened = tokens.open(KEY, HASH, tokens.seal(KEY, HASH, context));
            assertThat(opened.encoded()).isEqualTo(context.encoded());
        });
    }

    @Test
    void refusesEveryChangedByte() {
        byte[] token = tokens.seal(KEY, HASH, CONTEXT).toByteArray();
        Random random = new Random(1);
        for (int i = 0; i < token.length; i++) {
            for (int repeat = 0; repeat < 20; repeat++) {
                byte[] changed = token.clone();
                changed[i] ^= (byte) (1 + random.nextInt(255));
                Reason reason = reasonFor(KEY, HASH, Bytes.owning(changed));
                assertThat(reason).isNotEqualTo(Reason.TOO_LARGE);
                if (i >= 1 && i < 13) {
                    assertThat(reason).isEqualTo(Reason.BAD_SIGNATURE);
                }
            }
        }
    }

    @Test
    void refusesEveryTruncationAndAnyTail() {
        byte[] token = tokens.seal(KEY, HASH, CONTEXT).toByteArray();
        for (int length = 0; length < token.length; length++) {
            assertThat(reasonFor(KEY, HASH, Bytes.owning(Arrays.copyOf(token, length))))
                    .isIn(Reason.MALFORMED, Reason.BAD_SIGNATURE);
        }
        assertThat(reasonFor(KEY, HASH, Bytes.owning(Arrays.copyOf(token, token.length + 1))))
                .isEqualTo(Reason.BAD_SIGNATURE);
    }

    @Test
    void refusesTheTokenOfAnotherKeyOrBucket() {
        Bytes token = tokens.seal(KEY, HASH, CONTEXT);

        assertThat(reasonFor(new Key(2, KEY.bytes()), HASH, token)).isEqualTo(Reason.OTHER_KEY);
        assertThat(reasonFor(KEY, new KeyHash(HASH.high() ^ 1L << 40, HASH.low()), token))
                .isEqualTo(Reason.OTHER_KEY);
        // Keys that share the part of the hash that the token shows are told apart by the signature.
        assertThat(reasonFor(KEY, new KeyHash(HASH.high() ^ 1, HASH.low()), token))
                .isEqualTo(Reason.BAD_SIGNATURE);
        assertThat(reasonFor(KEY, new KeyHash(HASH.high(), HASH.low() ^ 1), token))
                .isEqualTo(Reason.BAD_SIGNATURE);
    }

    @Test
    void signatureCoversTheBucketToo() {
        byte[] token = tokens.seal(KEY, HASH, CONTEXT).toByteArray();
        token[13] = 2;

        assertThat(reasonFor(new Key(2, KEY.bytes()), HASH, Bytes.owning(token)))
                .isEqualTo(Reason.BAD_SIGNATURE);
    }

    @Test
    void refusesTheTokenOfAnotherCluster() {
        ContextToken elsewhere = new ContextToken(Bytes.utf8("another cluster's key"));

        assertThat(reasonFor(KEY, HASH, elsewhere.seal(KEY, HASH, CONTEXT))).isEqualTo(Reason.BAD_SIGNATURE);
    }

    @Test
    void refusesOtherVersionsAndSizes() {
        byte[] token = tokens.seal(KEY, HASH, CONTEXT).toByteArray();
        token[0] = 2;

        assertThat(reasonFor(KEY, HASH, Bytes.owning(token))).isEqualTo(Reason.OTHER_VERSION);
        assertThat(reasonFor(KEY, HASH, Bytes.EMPTY)).isEqualTo(Reason.MALFORMED);
        assertThat(reasonFor(KEY, HASH, Bytes.owning(new byte[ContextToken.MAX_LENGTH + 1])))
                .isEqualTo(Reason.TOO_LARGE);
    }

    @Test
    void largestContextThatPruningLeavesFitsIntoAToken() {
        CausalContext context = CausalContext.EMPTY;
        for (int i = 0; i < VersionRules.CONTEXT_ENTRIES_KEPT; i++) {
            context = context.withInterval(
                    new Actor(1_000, 60_000, -1 - i), 1L << 50, (1L << 50) + (1L << 40), Integer.MAX_VALUE);
        }

        Bytes token = tokens.seal(KEY, HASH, context);

        assertThat(token.length()).isLessThanOrEqualTo(ContextToken.MAX_LENGTH);
        assertThat(tokens.open(KEY, HASH, token)).isEqualTo(context);
    }

    private Reason reasonFor(Key key, KeyHash hash, Bytes token) {
        return catchThrowableOfType(InvalidContextException.class, () -> tokens.open(key, hash, token))
                .reason();
    }
}
