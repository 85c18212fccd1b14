package dev.quorate.server.system;

import ch.qos.logback.classic.pattern.ClassicConverter;
import ch.qos.logback.classic.spi.ILoggingEvent;

/** The message with its control characters written out, so that no key, name or address can forge a line of the log. */
public final class EscapedMessage extends ClassicConverter {
    @Override
    public String convert(ILoggingEvent event) {
        return escape(String.valueOf(event.getFormattedMessage()));
    }

    static String escape(String text) {
        StringBuilder escaped = null;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            // C0, DEL and C1, and the line separators that some viewers honour.
            boolean control = c < 0x20 || (c >= 0x7f && c < 0xa0) || c == '\u2028' || c == '\u2029';
            if (control && escaped == null) {
                escaped = new StringBuilder(text.length() + 16).append(text, 0, i);
            }
            if (escaped != null) {
                if (!control) {
                    escaped.append(c);
                } else if (c == '\n') {
                    escaped.append("\\n");
                } else {
                    escaped.append("\\u").append(Character.forDigit(c >> 12, 16));
                    escaped.append(Character.forDigit(c >> 8 & 15, 16));
                    escaped.append(Character.forDigit(c >> 4 & 15, 16)).append(Character.forDigit(c & 15, 16));
                }
            }
        }
        return escaped == null ? text : escaped.toString();
    }
}
