/** What a node says to clients, peers and operators over gRPC. Generated protobuf types stop here. */
@NullMarked
package dev.quorate.server.grpc;

import org.jspecify.annotations.NullMarked;
