package dev.quorate.sdk;

/** How operations travel. The answers are the same; the cost is not. */
public enum Transport {
    /** Many operations per message over one stream per node: several times the throughput of unary calls. The default. */
    PIPELINE,
    /** One gRPC call per operation, as clients in other languages start out. Useful for comparison and behind proxies that count calls. */
    UNARY
}
