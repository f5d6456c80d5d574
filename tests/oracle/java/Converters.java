import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.storage.Converter;
import org.apache.kafka.connect.storage.HeaderConverter;

/**
 * Reads bytes with one of Kafka Connect's converters and writes the result with another. Each line of standard input is a case, with
 * or without a result, and each line of standard output the case and its result. `weir` and `why` are kept: they say where Weir
 * differs on purpose. The address that Java prints for bytes is replaced, so that every run gives the same results.
 */
public class Converters {
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
                String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(output)).toString();
                line.put("output", text.replaceAll("\\[B@[0-9a-f]+", "[B@ADDRESS"));
            } catch (CharacterCodingException error) {
                line.put("output_base64", Base64.getEncoder().encodeToString(output));
            }
        } catch (Throwable error) {
            Recorder.putError(line, stage, error);
        }
    }

    public static void main(String[] arguments) throws Exception {
        Recorder.runCases(line -> {
            ObjectNode weir = (ObjectNode) line.remove("weir");
            var why = line.remove("why");
            line.remove(List.of("output", "output_base64", "error", "message"));
            run(line);
            if (weir != null) {
                line.set("weir", weir);
                line.set("why", why);
            }
        });
    }
}
