import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Prints what java.util.regex does with the expressions in the lines of standard input, and with generated ones; the arguments are
 * the seed, and how many to generate. Each line of standard output is an expression, and the error, or its result for some texts: "1"
 * if it matches the whole text and "0" if not, then the positions of its first match and of each of its groups, counted in characters.
 * "-" is a group that does not take part in the match, and "/2" a position in the middle of a character above U+FFFF.
 */
public class Regex {
    /** The texts that expressions written by hand are applied to. */
    static final String[] TEXTS = {
        "", "a", "abc", "abc.def", "a.b", "aab", "aaaa", "Abc.x", "ABC", "db.schema.table", "a-b_c", "é", "É", "éa", "a b", "a\tb",
        "-", "_", "😀", "a😀b", "ſ", "K", "k", "K", "٣", "a\u00a0b", "ß", "x.y.z.w", "αβΓ", "\u2028", "]", "}", "a{2", "#", "\\",
        "^", "&", "[", "A", "\n", "a\n", "a\r\n", "a\r\nb", "\u000b", "\u001b", "İ", "ı", "abab", "xaxa", "Ǆǅ", "7", "b", "\u0000",
    };

    final Random random;
    final PrintStream out;
    final Set<String> done = new LinkedHashSet<>();
    /** Number of groups that have begun so far. */
    int groups;

    Regex(long seed, PrintStream out) {
        this.random = new Random(seed);
        this.out = out;
    }

    // Expressions

    String pick(String... of) {
        return of[random.nextInt(of.length)];
    }

    String any(int depth) {
        StringBuilder made = new StringBuilder(sequence(depth));
        while (random.nextInt(4) == 0) made.append('|').append(sequence(depth));
        return made.toString();
    }

    String sequence(int depth) {
        StringBuilder made = new StringBuilder();
        for (int left = random.nextInt(4); left >= 0; left--) {
            if (random.nextInt(12) == 0) continue;
            made.append(atom(depth));
            if (random.nextInt(3) == 0) made.append(quantifier());
        }
        return made.toString();
    }

    String quantifier() {
        String kind = pick("?", "*", "+", "*", "+", "{2}", "{1,2}", "{0,2}", "{1,}", "{2,}", "{2,3}", "{0}", "{0,1}", "{1}");
        return kind + pick("", "", "", "?", "+");
    }

    String atom(int depth) {
        int choice = random.nextInt(depth > 0 ? 40 : 22);
        if (choice < 14) return pick("a", "b", "a", "b", "c", "ab", "A", "-", "1", "\\.");
        if (choice < 16) return ".";
        if (choice < 18) return characters(1);
        if (choice == 18) return pick("^", "$", "\\b", "\\B", "\\A", "\\z", "\\Z");
        if (choice == 19) return pick("\\w", "\\d", "\\s", "\\W", "\\D", "\\S", "\\R", "\\h", "\\v", "\\H", "\\V");
        if (choice == 20) return pick("\\p{Alpha}", "\\p{Lower}", "\\p{Upper}", "\\P{Punct}", "\\p{L}", "é", "\\Qa.\\E", "(?i)", "(?-i)", "(?m)", "(?s)", "(?d)", "(?x) b # c");
        if (choice == 21) return groups > 0 ? "\\" + (1 + random.nextInt(groups)) : "a";
        if (choice < 29) {
            groups++;
            return "(" + any(depth - 1) + ")";
        }
        if (choice < 34) return "(?:" + any(depth - 1) + ")";
        if (choice == 34) return "(?i:" + any(depth - 1) + ")";
        return pick("(?=", "(?!", "(?<=", "(?<!", "(?>") + any(depth - 1) + ")";
    }

    String characters(int depth) {
        StringBuilder made = new StringBuilder(random.nextInt(3) == 0 ? "[^" : "[");
        for (int left = random.nextInt(3); left >= 0; left--) made.append(member(depth));
        while (random.nextInt(5) == 0) {
            made.append("&&");
            if (random.nextInt(3) == 0) made.append(characters(0));
            else for (int left = random.nextInt(3); left >= 0; left--) made.append(member(depth - 1));
        }
        return made.append(']').toString();
    }

    String member(int depth) {
        int choice = random.nextInt(depth > 0 ? 14 : 12);
        if (choice < 6) return pick("a", "b", "c", "A", "1", ".", "_", "\\-", "é", "\\]", "x");
        if (choice < 10) return pick("a-c", "a-z", "A-C", "0-9", "b-y", "a-\\x{64}", "!-~");
        if (choice < 12) return pick("\\w", "\\d", "\\W", "\\D", "\\s", "\\S", "\\p{Lower}", "\\p{Upper}", "\\P{Alpha}", "\\h");
        return characters(depth - 1);
    }

    /** Returns parts of the syntax in random order. */
    String soup(String... parts) {
        StringBuilder made = new StringBuilder();
        for (int left = random.nextInt(8); left >= 0; left--) made.append(pick(parts));
        return made.toString();
    }

    String expression() {
        groups = 0;
        int choice = random.nextInt(20);
        if (choice < 12) return any(random.nextInt(3));
        if (choice < 14) return characters(2) + pick("", "", "+");
        if (choice < 16) {
            return "[" + soup("a", "c", "-", "^", "&&", "&", "[", "]", "\\w", "z", "\\]", "1", "\\Qb-\\E", "[^a]", "[b-d]", "[:") + "]";
        }
        return soup("(", ")", "[", "]", "{", "}", "*", "+", "?", "|", "^", "$", ".", "a", "b", "-", ",", "&&", "<", ">", "=", "!", ":", "1",
            "2", "#", " ", "\\", "\\Q", "\\E", "(?:", "(?<a>", "(?i)", "(?=", "\\1", "\\k<a>", "{1,2}", "\\x4", "\\01", "i", "(a)", "\\p{L}");
    }

    // Texts

    String text() {
        StringBuilder made = new StringBuilder();
        for (int left = random.nextInt(7); left > 0; left--) {
            made.append(random.nextInt(10) > 0 ? pick("a", "b", "a", "b", "c", "A", "B", "-", "1", ".")
                : pick("é", "\n", "\r", "_", " ", "É", "😀", "z", "&", "\u0085"));
        }
        return made.toString();
    }

    // Outcomes

    static String quote(String text) {
        StringBuilder made = new StringBuilder("\"");
        for (char letter : text.toCharArray()) {
            if (letter == '"' || letter == '\\') made.append('\\').append(letter);
            else if (letter < ' ' || letter == '\u2028' || letter == '\u0085') made.append(String.format("\\u%04x", (int) letter));
            else made.append(letter);
        }
        return made.append('"').toString();
    }

    static String place(String text, int start, int end) {
        if (start < 0) return "-";
        return place(text, start) + "-" + place(text, end);
    }

    static String place(String text, int at) {
        boolean within = at > 0 && at < text.length() && Character.isLowSurrogate(text.charAt(at));
        return text.codePointCount(0, at) + (within ? "/2" : "");
    }

    static String outcome(Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(text);
        StringBuilder made = new StringBuilder(matcher.matches() ? "1" : "0");
        matcher.reset();
        if (matcher.find()) {
            for (int group = 0; group <= matcher.groupCount(); group++) {
                made.append(' ').append(place(text, matcher.start(group), matcher.end(group)));
            }
        }
        return made.toString();
    }

    void record(String expression, List<String> texts) {
        if (!done.add(expression)) return;
        StringBuilder line = new StringBuilder("{\"expression\":").append(quote(expression));
        try {
            Pattern pattern = Pattern.compile(expression);
            line.append(",\"found\":{");
            String between = "";
            for (String text : texts) {
                line.append(between).append(quote(text)).append(':').append(quote(outcome(pattern, text)));
                between = ",";
            }
            line.append('}');
        } catch (PatternSyntaxException error) {
            line.append(",\"error\":").append(quote(error.getDescription())).append(",\"index\":").append(error.getIndex());
        } catch (RuntimeException error) {
            line = new StringBuilder("{\"expression\":").append(quote(expression)).append(",\"error\":").append(quote(error.toString()));
        }
        out.println(line.append('}'));
    }

    public static void main(String[] arguments) throws Exception {
        PrintStream out = Recorder.out();
        Regex regex = new Regex(Long.parseLong(arguments[0]), out);
        for (String expression : Recorder.in().lines().toList()) regex.record(expression, List.of(TEXTS));
        for (int left = Integer.parseInt(arguments[1]); left > 0; left--) {
            Set<String> texts = new LinkedHashSet<>();
            while (texts.size() < 6) texts.add(regex.text());
            regex.record(regex.expression(), new ArrayList<>(texts));
        }
        out.flush();
    }
}
