package dev.quorate.cli.bench;

/** What a client does to a key. */
enum Operation {
    GET,
    PUT,
    DELETE
}
