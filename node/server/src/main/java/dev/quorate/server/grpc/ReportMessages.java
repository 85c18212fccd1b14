package dev.quorate.server.grpc;

import com.google.protobuf.ByteString;
import dev.quorate.core.model.NodeId;
import dev.quorate.proto.kv.v1.Report;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What was achieved, as clients are told it. The same few reports go out with every answer of a node, so their messages are kept with their
 * bytes: to build one anew costs more than to look it up. Any thread may use it.
 */
final class ReportMessages {
    /** Far above what the answers of three nodes differ in; beyond it messages are built and not kept. */
    private static final int MOST_KEPT = 1024;

    private static final Map<dev.quorate.core.peer.Report, Report> KEPT = new ConcurrentHashMap<>();

    private ReportMessages() {}

    static Report of(dev.quorate.core.peer.Report report) {
        Report kept = KEPT.get(report);
        if (kept != null) {
            return kept;
        }
        Report message = message(report);
        if (KEPT.size() < MOST_KEPT) {
            KEPT.put(report, message);
        }
        return message;
    }

    private static Report message(dev.quorate.core.peer.Report report) {
        Report.Builder message = Report.newBuilder()
                .setCoordinatorBytes(name(report.coordinator()))
                .setAcknowledgements(report.acknowledged().size())
                .setPrimaries(report.primaries())
                .setFallbacks(report.fallbacks())
                .setRequired(report.required())
                .setStrict(report.strict());
        for (NodeId node : report.acknowledged()) {
            message.addNodesBytes(name(node));
        }
        for (NodeId owner : report.hinted()) {
            message.addHintedBytes(name(owner));
        }
        return message.build();
    }

    /** As bytes, which are written as they are: text would be encoded with every answer. */
    private static ByteString name(NodeId node) {
        return ByteString.copyFromUtf8(node.toString());
    }
}
