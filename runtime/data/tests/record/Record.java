// Records anew what Kafka Connect's converters do with the inputs of ../kafka_connect.jsonl. With Kafka's connect-json,
// connect-runtime and what they need in `libs`:
//
//     java -cp 'libs/*' Record.java < ../kafka_connect.jsonl > recorded.jsonl
//
// Each line in is a case; each line out is the same case with what came of it. `weir` and `why` are kept as they are.

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TimeZone;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.storage.Converter;
import org.apache.kafka.connect.storage.HeaderConverter;

public class Record {
    interface Either {
        SchemaAndValue read(byte[] bytes);

        byte[] write(Schema schema, Object value);
    }

    static Either make(String name, String settings) throws Exception {
        Map<String, Object> map = new HashMap<>();
        for (String pair : settings.split(";")) {
            int at = pair.indexOf('=');
            if (at > 0) map.put(pair.substring(0, at), pair.substring(at + 1));
        }
        String full = switch (name) {
            case "Json" -> "org.apache.kafka.connect.json.JsonConverter";
            case "String" -> "org.apache.kafka.connect.storage.StringConverter";
            case "Simple" -> "org.apache.kafka.connect.storage.SimpleHeaderConverter";
            default -> "org.apache.kafka.connect.converters." + name + "Converter";
        };
        Object made = Class.forName(full).getDeclaredConstructor().newInstance();
        if (made instanceof Converter converter) {
            converter.configure(map, false);
            return new Either() {
                public SchemaAndValue read(byte[] bytes) {
                    return converter.toConnectData("t", bytes);
                }

                public byte[] write(Schema schema, Object value) {
                    return converter.fromConnectData("t", schema, value);
                }
            };
        }
        HeaderConverter converter = (HeaderConverter) made;
        converter.configure(map);
        return new Either() {
            public SchemaAndValue read(byte[] bytes) {
                return converter.toConnectHeader("t", "h", bytes);
            }

            public byte[] write(Schema schema, Object value) {
                return converter.fromConnectHeader("t", "h", schema, value);
            }
        };
    }

    static void run(ObjectNode line) {
        String stage = "config";
        try {
            Either read = make(line.get("read").asText(), line.get("read_settings").asText());
            Either write = make(line.get("write").asText(), line.get("write_settings").asText());
            byte[] input = line.has("input_base64") ? Base64.getDecoder().decode(line.get("input_base64").asText())
                : line.get("input").isNull() ? null : line.get("input").asText().getBytes(StandardCharsets.UTF_8);
            stage = "read";
            SchemaAndValue value = read.read(input);
            stage = "write";
            byte[] output = write.write(value.schema(), value.value());
            if (output == null) {
                line.putNull("output");
                return;
            }
            try {
                line.put("output", StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(output)).toString());
            } catch (CharacterCodingException error) {
                line.put("output_base64", Base64.getEncoder().encodeToString(output));
            }
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
            line.remove(List.of("output", "output_base64", "error", "message"));
            run(line);
            if (weir != null) {
                line.set("weir", weir);
                line.set("why", why);
            }
            out.println(json.writeValueAsString(line));
        }
        out.flush();
    }
}
