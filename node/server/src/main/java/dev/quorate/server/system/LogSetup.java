package dev.quorate.server.system;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.PatternLayout;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.spi.ContextAwareBase;
import java.util.logging.Handler;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import org.slf4j.LoggerFactory;

/**
 * Log lines on the standard error, in code: reading an XML file at every start would take longer than opening the store. Each
 * line names the node. Netty's and gRPC's chatter starts at WARN.
 */
public final class LogSetup extends ContextAwareBase implements Configurator {
    private static final String NODE = "node";

    @Override
    public ExecutionStatus configure(LoggerContext context) {
        context.putProperty(NODE, "-");
        PatternLayout.DEFAULT_CONVERTER_SUPPLIER_MAP.put("escaped", EscapedMessage::new);
        PatternLayoutEncoder encoder = new PatternLayoutEncoder();
        encoder.setContext(context);
        encoder.setPattern(
                "%d{\"yyyy-MM-dd'T'HH:mm:ss.SSSXXX\", UTC} %-5level %property{node} %logger{0}: %escaped%n%rEx");
        encoder.start();
        ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
        appender.setContext(context);
        appender.setTarget("System.err");
        appender.setEncoder(encoder);
        appender.start();
        Logger root = context.getLogger(Logger.ROOT_LOGGER_NAME);
        root.setLevel(Level.INFO);
        root.addAppender(appender);
        context.getLogger("io.grpc").setLevel(Level.WARN);
        context.getLogger("io.netty").setLevel(Level.WARN);
        forwardJavaLogging();
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }

    /** From here on lines carry the node's id, and those below the level are left out. */
    public static void nodeIs(String node, String level) {
        if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
            context.putProperty(NODE, node);
            context.getLogger(Logger.ROOT_LOGGER_NAME).setLevel(Level.toLevel(level, Level.INFO));
        }
    }

    /** gRPC logs through java.util.logging. */
    private static void forwardJavaLogging() {
        java.util.logging.Logger root = LogManager.getLogManager().getLogger("");
        for (Handler handler : root.getHandlers()) {
            root.removeHandler(handler);
        }
        root.setLevel(java.util.logging.Level.WARNING);
        root.addHandler(new Handler() {
            @Override
            public void publish(LogRecord record) {
                org.slf4j.Logger logger = LoggerFactory.getLogger(String.valueOf(record.getLoggerName()));
                if (record.getLevel().intValue() >= java.util.logging.Level.SEVERE.intValue()) {
                    logger.error(String.valueOf(record.getMessage()), record.getThrown());
                } else if (record.getThrown() == null) {
                    logger.warn(String.valueOf(record.getMessage()));
                } else {
                    // What a peer or client did wrong, or a connection that broke: where in gRPC it was noticed helps
                    // nobody.
                    logger.warn(record.getMessage() + ": " + record.getThrown());
                }
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        });
    }
}
