package dev.quorate.sdk;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class WriteLanesTest {
    private final List<Runnable> later = new ArrayList<>();

    private static WriteLanes.LaneKey key(String key) {
        return new WriteLanes.LaneKey("default", key.getBytes(StandardCharsets.UTF_8));
    }

    private static void write(WriteLanes lanes, String key, String context) {
        WriteLanes.Lane lane = lanes.lane(key(key));
        lanes.enter(lane, () -> {});
        lanes.answered(lane, ByteString.copyFromUtf8(context));
        lanes.leave(lane);
    }

    private static String context(WriteLanes lanes, String key) {
        WriteLanes.Lane lane = lanes.lane(key(key));
        lanes.enter(lane, () -> {});
        String context = lane.context().toStringUtf8();
        lanes.leave(lane);
        return context;
    }

    @Test
    void writersOfOneKeyTakeTurnsInTheOrderOfTheirComing() {
        WriteLanes lanes = new WriteLanes(later::add, 10, 1_000);
        List<String> ran = new ArrayList<>();
        WriteLanes.Lane lane = lanes.lane(key("k"));
        for (String writer : List.of("first", "second", "third")) {
            lanes.enter(lane, () -> ran.add(writer));
        }
        assertThat(ran).containsExactly("first");
        lanes.leave(lane);
        later.remove(0).run();
        lanes.leave(lane);
        later.remove(0).run();
        assertThat(ran).containsExactly("first", "second", "third");
    }

    @Test
    void keysOfDifferentBucketsAreDifferent() {
        WriteLanes lanes = new WriteLanes(later::add, 10, 1_000);
        WriteLanes.Lane lane = lanes.lane(key("k"));
        assertThat(lanes.lane(new WriteLanes.LaneKey("other", "k".getBytes(StandardCharsets.UTF_8))))
                .isNotSameAs(lane);
        assertThat(lanes.lane(key("k"))).isSameAs(lane);
    }

    @Test
    void theKeyThatIsUsedAllTheTimeOutlivesThoseThatAreNot() {
        WriteLanes lanes = new WriteLanes(later::add, 10, 1_000_000);
        for (int i = 0; i < 1_000; i++) {
            write(lanes, "hot", "hot" + i);
            write(lanes, "cold" + i, "cold");
        }
        assertThat(context(lanes, "hot")).isEqualTo("hot999");
        assertThat(lanes.contexts()).isEqualTo(10);
        assertThat(lanes.evictions()).isEqualTo(1_001 - 10);
    }

    @Test
    void bytesAreBoundedToo() {
        WriteLanes lanes = new WriteLanes(later::add, 1_000_000, 1_000);
        for (int i = 0; i < 100; i++) {
            write(lanes, "k" + i, "x".repeat(100));
        }
        assertThat(lanes.contexts()).isEqualTo(10);
    }

    @Test
    void aLaneInUseIsNeverForgotten() {
        WriteLanes lanes = new WriteLanes(later::add, 1, 1_000_000);
        WriteLanes.Lane inUse = lanes.lane(key("in use"));
        lanes.enter(inUse, () -> {});
        for (int i = 0; i < 10; i++) {
            write(lanes, "k" + i, "x");
        }
        assertThat(lanes.lane(key("in use"))).isSameAs(inUse);
    }

    @Test
    void aKeyWhoseWriteWasNeverAnsweredLeavesNothingBehind() {
        WriteLanes lanes = new WriteLanes(later::add, 10, 1_000);
        WriteLanes.Lane lane = lanes.lane(key("k"));
        lanes.enter(lane, () -> {});
        lanes.leave(lane);
        assertThat(lanes.contexts()).isZero();
    }
}
