import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.TimeZone;
import java.util.function.Consumer;

/** What the recorders share: reading cases and printing results, the same on every machine. */
final class Recorder {
    static final ObjectMapper JSON = new ObjectMapper();

    private Recorder() {}

    /** Returns standard output in UTF-8. It must be flushed at the end. */
    static PrintStream out() {
        return new PrintStream(System.out, false, StandardCharsets.UTF_8);
    }

    /** Returns standard input in UTF-8. */
    static BufferedReader in() {
        return new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    }

    /** Reads a case, which is a JSON object, from each line of standard input, and prints it after `run` has added the result. */
    static void runCases(Consumer<ObjectNode> run) throws IOException {
        TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
        Locale.setDefault(Locale.US);
        PrintStream out = out();
        BufferedReader in = in();
        for (String text = in.readLine(); text != null; text = in.readLine()) {
            ObjectNode line = (ObjectNode) JSON.readTree(text);
            run.accept(line);
            out.println(JSON.writeValueAsString(line));
        }
        out.flush();
    }

    /** Adds to a case which stage failed, and how. */
    static void putError(ObjectNode line, String stage, Throwable error) {
        line.put("error", stage);
        line.put("message", String.valueOf(error.getMessage()));
    }
}
