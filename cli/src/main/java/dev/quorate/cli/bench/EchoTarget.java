package dev.quorate.cli.bench;

import com.google.protobuf.ByteString;
import com.google.protobuf.BytesValue;
import java.time.Duration;
import java.util.List;

/** The ceiling: a server that sends back what it gets, by the same client as {@link UnaryTarget}. */
final class EchoTarget implements Target {
    private final UnaryClient client;
    private final BytesValue payload;

    EchoTarget(String address, Duration timeout, byte[] value) {
        client = new UnaryClient(List.of(address), timeout);
        payload = BytesValue.of(ByteString.copyFrom(value));
    }

    @Override
    public void start(Operation operation, byte[] key, Completion completion) {
        client.call(EchoServer.METHOD, payload, answer -> null, completion);
    }

    @Override
    public void close() {
        client.close();
    }
}
