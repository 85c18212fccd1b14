package dev.quorate.core.peer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.runtime.DeadlineWheel;
import dev.quorate.core.runtime.ManualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PeerCallsTest {
    private static final NodeId PEER = new NodeId(2);
    private static final NodeId OTHER = new NodeId(3);
    private static final PeerRequest READ = PeerRequest.Read.ofOwner(new Key(1, Bytes.utf8("k")), 1);
    private static final Duration LONG = Duration.ofSeconds(2);

    private record Sent(NodeId to, long id, PeerRequest request, long link) {}

    private final ManualTime time = new ManualTime();
    private final List<Sent> sent = new ArrayList<>();
    private final List<Object> told = new ArrayList<>();
    private long link = 1;
    private boolean linkUp = true;

    private final PeerTransport transport = new PeerTransport() {
        @Override
        public boolean reachable(NodeId peer) {
            return linkUp;
        }

        @Override
        public String unreachableBecause(NodeId peer) {
            return linkUp ? "" : "cut by the test";
        }

        @Override
        public long send(NodeId peer, long operationId, PeerRequest request, Duration timeout) {
            if (!linkUp) {
                return NOT_SENT;
            }
            sent.add(new Sent(peer, operationId, request, link));
            return link;
        }
    };

    private final PeerCalls calls = new PeerCalls(transport, new DeadlineWheel(time, time), time, time);

    private void ask(NodeId peer, Duration timeout) {
        calls.call(peer, READ, timeout, new PeerCalls.Waiter() {
            @Override
            public void answered(PeerReply reply) {
                told.add(reply);
            }

            @Override
            public void failed(PeerCalls.CallFailure failure) {
                told.add(failure);
            }
        });
    }

    private void answer(Sent request) {
        PeerReply reply =
                request.request() instanceof PeerRequest.Ping ? PeerReply.Pong.INSTANCE : new PeerReply.ReadReply(null);
        calls.onReply(request.to(), request.link(), request.id(), reply);
    }

    private Sent last() {
        return sent.get(sent.size() - 1);
    }

    private long pings() {
        return sent.stream()
                .filter(message -> message.request() instanceof PeerRequest.Ping)
                .count();
    }

    @Test
    void aPeerThatAnswersNothingIsAvoidedWithinASecond() {
        ask(PEER, LONG);
        time.pass(Duration.ofMillis(550));
        assertThat(calls.reachable(PEER)).isTrue();
        time.pass(Duration.ofMillis(200));
        assertThat(calls.reachable(PEER)).isFalse();
        assertThat(calls.unreachableBecause(PEER)).contains("says nothing");
        assertThat(calls.reachable(OTHER)).as("who was asked nothing").isTrue();
    }

    @Test
    void aSilentPeerIsUsedAgainOnceItAnswersAPing() {
        ask(PEER, LONG);
        time.pass(Duration.ofSeconds(3));
        assertThat(calls.reachable(PEER)).isFalse();
        assertThat(pings()).as("one each 200 ms, and no storm").isBetween(10L, 15L);
        answer(last());
        assertThat(calls.reachable(PEER)).isTrue();
        assertThat(calls.unreachableBecause(PEER)).isEmpty();
    }

    @Test
    void aPeerThatIsOnlyBusyAnswersPingsAndStaysInUse() {
        ask(PEER, LONG);
        for (int i = 0; i < 12; i++) {
            time.pass(Duration.ofMillis(150));
            if (last().request() instanceof PeerRequest.Ping) {
                answer(last());
            }
            assertThat(calls.reachable(PEER)).isTrue();
        }
        assertThat(told).as("the request itself still waits").isEmpty();
    }

    @Test
    void shortTimeoutsDoNotHideASilence() {
        for (int i = 0; i < 8; i++) {
            ask(PEER, Duration.ofMillis(50));
            time.pass(Duration.ofMillis(100));
        }
        assertThat(told).contains(PeerCalls.CallFailure.TIMEOUT);
        assertThat(calls.reachable(PEER)).isFalse();
    }

    @Test
    void anAnswerThatComesTooLateForItsCallerStillShowsLife() {
        ask(PEER, Duration.ofMillis(50));
        Sent slow = last();
        time.pass(Duration.ofMillis(800));
        assertThat(calls.reachable(PEER)).isFalse();
        answer(slow);
        assertThat(calls.reachable(PEER)).isTrue();
        assertThat(told).containsExactly(PeerCalls.CallFailure.TIMEOUT);
    }

    @Test
    void aPeerThatIsAskedNothingIsNeverPinged() {
        ask(PEER, LONG);
        answer(last());
        time.pass(Duration.ofSeconds(60));
        assertThat(pings()).isZero();
        assertThat(calls.reachable(PEER)).isTrue();
    }

    @Test
    void aLongPauseOfThisNodeMakesNobodyLookSilent() {
        ask(PEER, Duration.ofSeconds(20));
        time.stall(Duration.ofSeconds(5));
        assertThat(calls.reachable(PEER))
                .as("its answer may be waiting to be read")
                .isTrue();
        time.pass(Duration.ofMillis(900));
        assertThat(calls.reachable(PEER)).as("it had its time since").isFalse();
    }

    @Test
    void aLostLinkEndsItsCallsAndTheSilenceThatWasOnlyAboutTo() {
        ask(PEER, LONG);
        time.pass(Duration.ofMillis(500));
        calls.onLinkLost(PEER, 1);
        link = 2;
        assertThat(told).containsExactly(PeerCalls.CallFailure.LINK_LOST);
        time.pass(Duration.ofSeconds(2));
        assertThat(calls.reachable(PEER)).isTrue();
    }

    @Test
    void aSilentPeerIsNotTrustedBecauseANewLinkIsUp() {
        ask(PEER, LONG);
        time.pass(Duration.ofMillis(800));
        calls.onLinkLost(PEER, 1);
        linkUp = false;
        time.pass(Duration.ofSeconds(5));
        assertThat(calls.unreachableBecause(PEER)).isEqualTo("cut by the test");
        linkUp = true;
        link = 2;
        assertThat(calls.reachable(PEER)).isFalse();
        time.pass(Duration.ofMillis(400));
        assertThat(last().link()).isEqualTo(2);
        answer(last());
        assertThat(calls.reachable(PEER)).isTrue();
    }

    @Test
    void objectionsOfOthersCount() {
        calls.consult(new PeerCalls.Verdicts() {
            @Override
            public boolean usable(NodeId peer) {
                return !peer.equals(PEER);
            }

            @Override
            public String unusableBecause(NodeId peer) {
                return usable(peer) ? "" : "said to be down";
            }
        });
        assertThat(calls.reachable(PEER)).isFalse();
        assertThat(calls.unreachableBecause(PEER)).isEqualTo("said to be down");
        assertThat(calls.answering(PEER)).isTrue();
        assertThat(calls.reachable(OTHER)).isTrue();
    }

    @Test
    void anAnswerCountsOnlyOnTheLinkOfItsRequest() {
        ask(PEER, LONG);
        calls.onReply(PEER, 7, last().id(), new PeerReply.ReadReply(null));
        calls.onReply(OTHER, 1, last().id(), new PeerReply.ReadReply(null));
        assertThat(told).isEmpty();
        answer(last());
        answer(last());
        assertThat(told).hasSize(1);
    }

    @Test
    void aPeerIsSettledOnlyWhenItHasAnsweredForAWhileWithoutABreak() {
        answerFor(Duration.ofSeconds(29));
        assertThat(calls.settled(PEER)).isFalse();
        answerFor(Duration.ofSeconds(2));
        assertThat(calls.settled(PEER)).isTrue();
        assertThat(calls.settled(OTHER)).as("who was asked nothing").isFalse();
        calls.onLinkLost(PEER, link);
        link++;
        answerFor(Duration.ofSeconds(29));
        assertThat(calls.settled(PEER)).as("after its link broke").isFalse();
        answerFor(Duration.ofSeconds(2));
        assertThat(calls.settled(PEER)).isTrue();
        ask(PEER, LONG);
        time.pass(Duration.ofSeconds(1));
        answerFor(Duration.ofSeconds(1));
        assertThat(calls.reachable(PEER)).isTrue();
        assertThat(calls.settled(PEER)).as("after a silence").isFalse();
    }

    private void answerFor(Duration duration) {
        for (long millis = 0; millis < duration.toMillis(); millis += 100) {
            ask(PEER, LONG);
            answer(last());
            time.pass(Duration.ofMillis(100));
        }
    }
}
