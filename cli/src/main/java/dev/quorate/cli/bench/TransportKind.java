package dev.quorate.cli.bench;

/** How the client speaks to the nodes. */
enum TransportKind {
    /** One gRPC call per operation, by the same lean client that measures the echo. */
    unary,
    /** The Java SDK over its streams. */
    pipeline
}
