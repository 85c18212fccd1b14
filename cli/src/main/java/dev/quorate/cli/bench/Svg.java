package dev.quorate.cli.bench;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Text of a picture in SVG. It brings its own background, so that it can be read on a dark page as well as on a white one. */
final class Svg {
    /** In the picture's units, to the right and down. */
    record Point(double x, double y) {
        private String text() {
            return number(x) + "," + number(y);
        }
    }

    /** Which end of a text lies at its point. */
    enum Anchor {
        start,
        middle,
        end
    }

    private final StringBuilder body = new StringBuilder();
    private final int width;
    private final int height;
    private final String title;

    /** @param title for those who cannot see the picture */
    Svg(int width, int height, String title) {
        this.width = width;
        this.height = height;
        this.title = title;
    }

    Svg rectangle(Point corner, double wide, double high, String fill, String stroke) {
        return add("<rect x=\"" + number(corner.x()) + "\" y=\"" + number(corner.y()) + "\" width=\"" + number(wide)
                + "\" height=\"" + number(high) + "\" fill=\"" + escaped(fill) + "\" stroke=\"" + escaped(stroke)
                + "\"/>");
    }

    /** Through all the points, in their order. */
    Svg line(List<Point> points, String stroke, double thickness) {
        return add("<polyline points=\""
                + points.stream().map(Point::text).collect(Collectors.joining(" ")) + "\" fill=\"none\" stroke=\""
                + escaped(stroke) + "\" stroke-width=\"" + number(thickness) + "\"/>");
    }

    Svg dot(Point centre, double radius, String fill) {
        return add("<circle cx=\"" + number(centre.x()) + "\" cy=\"" + number(centre.y()) + "\" r=\"" + number(radius)
                + "\" fill=\"" + escaped(fill) + "\"/>");
    }

    Svg text(Point at, Anchor anchor, int size, String fill, String text) {
        return text(at, anchor, size, fill, "", text);
    }

    /** Read from below. */
    Svg upright(Point at, int size, String fill, String text) {
        return text(
                at,
                Anchor.middle,
                size,
                fill,
                " transform=\"rotate(-90 " + number(at.x()) + " " + number(at.y()) + ")\"",
                text);
    }

    private Svg text(Point at, Anchor anchor, int size, String fill, String more, String text) {
        return add("<text x=\"" + number(at.x()) + "\" y=\"" + number(at.y()) + "\" text-anchor=\"" + anchor
                + "\" font-size=\"" + size + "\" fill=\"" + escaped(fill) + "\"" + more + ">" + escaped(text)
                + "</text>");
    }

    private Svg add(String element) {
        body.append("  ").append(element).append('\n');
        return this;
    }

    /** What a text means in XML by itself, it does not mean here. */
    static String escaped(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;");
    }

    private static String number(double value) {
        String text = String.format(Locale.ROOT, "%.1f", value);
        return text.endsWith(".0") ? text.substring(0, text.length() - 2) : text;
    }

    @Override
    public String toString() {
        return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + width + " " + height + "\" width=\"" + width
                + "\" height=\"" + height + "\" role=\"img\" font-family=\"system-ui, sans-serif\">\n  <title>"
                + escaped(title) + "</title>\n" + body + "</svg>\n";
    }
}
