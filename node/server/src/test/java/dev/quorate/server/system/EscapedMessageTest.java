package dev.quorate.server.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class EscapedMessageTest {
    @Test
    void aMessageCannotForgeALine() {
        String forged = "key 'a\n2026-11-21 ERROR disk lost\r\u001b[31m\u0007'";

        assertThat(EscapedMessage.escape(forged))
                .isEqualTo("key 'a\\n2026-11-21 ERROR disk lost\\u000d\\u001b[31m\\u0007'");
    }

    @Test
    void ordinaryTextIsLeftAlone() {
        assertThat(EscapedMessage.escape("Grüße, 世界")).isEqualTo("Grüße, 世界");
    }

    @Test
    void noControlCharacterSurvives() {
        for (long seed = 0; seed < 500; seed++) {
            Random random = new Random(seed);
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(40); i > 0; i--) {
                text.append((char) random.nextInt(random.nextBoolean() ? 0x100 : 0x10000));
            }
            assertThat(EscapedMessage.escape(text.toString()).chars())
                    .as("seed %d", seed)
                    .noneMatch(c -> Character.isISOControl(c) || c == 0x2028 || c == 0x2029);
        }
    }
}
