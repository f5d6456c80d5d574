// Records anew what Kafka Connect's transforms do with the inputs of ../kafka_connect.jsonl. With Kafka's connect-transforms,
// connect-json, connect-runtime and what they need in `libs`:
//
//     java -cp 'libs/*' Record.java < ../kafka_connect.jsonl > recorded.jsonl
//
// Each line in is a case; each line out is the same case with what came of it. `weir` and `why` are kept as they are.

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TimeZone;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.transforms.Transformation;

public class Record {
    static Map<String, Object> map(ObjectMapper json, ObjectNode line, String member) {
        Map<String, Object> map = new HashMap<>();
        line.get(member).properties().forEach(entry -> map.put(entry.getKey(), entry.getValue().asText()));
        return map;
    }

    @SuppressWarnings("unchecked")
    static void run(ObjectMapper json, ObjectNode line) {
        String stage = "config";
        try {
            String name = line.get("transform").asText();
            Transformation<SinkRecord> transform = (Transformation<SinkRecord>) Class
                .forName("org.apache.kafka.connect.transforms." + name).getDeclaredConstructor().newInstance();
            transform.configure(map(json, line, "config"));
            JsonConverter converter = new JsonConverter();
            converter.configure(map(json, line, "converter"), false);
            byte[] input = line.get("input").isNull() ? null
                : line.get("input").asText().getBytes(StandardCharsets.UTF_8);
            stage = "read";
            SchemaAndValue read = converter.toConnectData("t", input);
            boolean key = name.endsWith("$Key");
            SinkRecord record = key ? new SinkRecord("t", 0, read.schema(), read.value(), null, "other side", 0)
                : new SinkRecord("t", 0, null, "other side", read.schema(), read.value(), 0);
            stage = "transform";
            SinkRecord made = transform.apply(record);
            stage = "write";
            byte[] output = key ? converter.fromConnectData("t", made.keySchema(), made.key())
                : converter.fromConnectData("t", made.valueSchema(), made.value());
            line.put("output", output == null ? null : new String(output, StandardCharsets.UTF_8));
        } catch (Throwable error) {
            line.put("error", stage);
            line.put("message", String.valueOf(error.getMessage()));
        }
    }

    public static void main(String[] arguments) throws Exception {
        TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
        ObjectMapper json = new ObjectMapper();
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String text = in.readLine(); text != null; text = in.readLine()) {
            ObjectNode line = (ObjectNode) json.readTree(text);
            ObjectNode weir = (ObjectNode) line.remove("weir");
            var why = line.remove("why");
            line.remove(List.of("output", "error", "message"));
            run(json, line);
            if (weir != null) {
                line.set("weir", weir);
                line.set("why", why);
            }
            out.println(json.writeValueAsString(line));
        }
        out.flush();
    }
}
