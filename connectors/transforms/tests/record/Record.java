// Records what Kafka Connect's transforms do with the cases of ../recorded/*.jsonl. Run by `cargo xtask record`, with Kafka's
// connect-transforms, connect-json, connect-runtime and what they need on the class path.
//
// Each line in is a case; each line out is the same case with what came of it.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TimeZone;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.connect.data.ConnectSchema;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.errors.SchemaBuilderException;
import org.apache.kafka.connect.header.ConnectHeaders;
import org.apache.kafka.connect.header.Header;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.transforms.Transformation;

public class Record {
    static final ObjectMapper JSON = new ObjectMapper();

    static Map<String, Object> map(ObjectNode line, String member) {
        Map<String, Object> map = new HashMap<>();
        line.get(member).properties().forEach(entry -> map.put(entry.getKey(), entry.getValue().asText()));
        return map;
    }

    static SchemaAndValue read(JsonConverter converter, JsonNode text) throws Exception {
        byte[] bytes = text.isNull() ? null : text.asText().getBytes(StandardCharsets.UTF_8);
        try {
            return converter.toConnectData("t", bytes);
        } catch (SchemaBuilderException error) {
            // JsonConverter takes no struct for a default, which others do.
            JsonNode envelope = JSON.readTree(bytes);
            Map<JsonNode, JsonNode> defaults = new IdentityHashMap<>();
            takeDefaults(envelope.get("schema"), defaults);
            if (defaults.isEmpty()) throw error;
            SchemaAndValue bare = converter.toConnectData("t", JSON.writeValueAsBytes(envelope));
            Schema schema = withDefaults(converter, envelope.get("schema"), bare.schema(), defaults);
            return new SchemaAndValue(schema, fitted(schema, bare.value()));
        }
    }

    /** Takes the defaults of structs out of a schema. */
    static void takeDefaults(JsonNode schema, Map<JsonNode, JsonNode> defaults) {
        if (!schema.path("type").asText().equals("struct")) return;
        JsonNode found = ((ObjectNode) schema).remove("default");
        if (found != null) defaults.put(schema, found);
        schema.get("fields").forEach(field -> takeDefaults(field, defaults));
    }

    /** Puts them into the schema that was read without them. */
    static Schema withDefaults(JsonConverter converter, JsonNode json, Schema schema, Map<JsonNode, JsonNode> defaults) throws Exception {
        if (schema.type() != Schema.Type.STRUCT) return schema;
        List<Field> fields = new ArrayList<>();
        for (Field field : schema.fields()) {
            JsonNode below = json.get("fields").get(field.index());
            fields.add(new Field(field.name(), field.index(), withDefaults(converter, below, field.schema(), defaults)));
        }
        Schema bare = new ConnectSchema(schema.type(), schema.isOptional(), null, schema.name(), schema.version(), schema.doc(),
            schema.parameters(), fields, null, null);
        if (!defaults.containsKey(json)) return bare;
        ObjectNode envelope = JSON.createObjectNode();
        envelope.set("schema", json);
        envelope.set("payload", defaults.get(json));
        Object value = fitted(bare, converter.toConnectData("t", JSON.writeValueAsBytes(envelope)).value());
        return new ConnectSchema(schema.type(), schema.isOptional(), value, schema.name(), schema.version(), schema.doc(),
            schema.parameters(), fields, null, null);
    }

    /** The same value with another schema. */
    static Object fitted(Schema schema, Object value) {
        if (!(value instanceof Struct struct)) return value;
        Struct fitted = new Struct(schema);
        for (Field field : schema.fields()) {
            Object below = fitted(field.schema(), struct.getWithoutDefault(field.name()));
            if (below != null) fitted.put(field, below);
        }
        return fitted;
    }

    static String write(JsonConverter converter, Schema schema, Object value) {
        byte[] written = converter.fromConnectData("t", schema, value);
        return written == null ? null : new String(written, StandardCharsets.UTF_8);
    }

    /** Name and text of each header. */
    static ArrayNode headers(JsonConverter converter, SinkRecord record) {
        ArrayNode list = JSON.createArrayNode();
        for (Header header : record.headers()) {
            list.addArray().add(header.key()).add(write(converter, header.schema(), header.value()));
        }
        return list;
    }

    /** What changed of the record but for the side that the transform works on. */
    static ObjectNode changed(JsonConverter converter, boolean key, SinkRecord before, SinkRecord after) {
        ObjectNode changed = JSON.createObjectNode();
        String other = key ? write(converter, after.valueSchema(), after.value())
            : write(converter, after.keySchema(), after.key());
        String original = key ? write(converter, before.valueSchema(), before.value())
            : write(converter, before.keySchema(), before.key());
        if (!Objects.equals(other, original)) changed.put("other", other);
        if (!Objects.equals(before.topic(), after.topic())) changed.put("topic", after.topic());
        if (!Objects.equals(before.kafkaPartition(), after.kafkaPartition())) changed.put("partition", after.kafkaPartition());
        if (!Objects.equals(before.timestamp(), after.timestamp())) changed.put("timestamp", after.timestamp());
        ArrayNode headers = headers(converter, after);
        if (!headers.equals(headers(converter, before))) changed.set("headers", headers);
        return changed;
    }

    @SuppressWarnings("unchecked")
    static void run(ObjectNode line) {
        String stage = "config";
        try {
            String name = line.get("transform").asText();
            Transformation<SinkRecord> transform = (Transformation<SinkRecord>) Class
                .forName("org.apache.kafka.connect.transforms." + name).getDeclaredConstructor().newInstance();
            transform.configure(map(line, "config"));
            JsonConverter converter = new JsonConverter();
            converter.configure(map(line, "converter"), false);
            stage = "read";
            boolean key = name.endsWith("$Key");
            SchemaAndValue side = read(converter, line.get("input"));
            SchemaAndValue other = line.has("other") ? read(converter, line.get("other")) : new SchemaAndValue(null, "other side");
            SchemaAndValue keys = key ? side : other;
            SchemaAndValue values = key ? other : side;
            ConnectHeaders headers = new ConnectHeaders();
            if (line.has("headers")) {
                for (JsonNode header : line.get("headers")) headers.add(header.get(0).asText(), read(converter, header.get(1)));
            }
            Long timestamp = line.has("timestamp") ? line.get("timestamp").asLong() : null;
            SinkRecord record = new SinkRecord(line.has("topic") ? line.get("topic").asText() : "t", 0, keys.schema(),
                keys.value(), values.schema(), values.value(), 0, timestamp,
                timestamp == null ? TimestampType.NO_TIMESTAMP_TYPE : TimestampType.CREATE_TIME, headers);
            SinkRecord before = record.newRecord(record.topic(), record.kafkaPartition(), record.keySchema(), record.key(),
                record.valueSchema(), record.value(), record.timestamp());
            stage = "transform";
            SinkRecord made = transform.apply(record);
            stage = "write";
            if (made == null) {
                line.putNull("output").putObject("changed").put("dropped", true);
                return;
            }
            String output = key ? write(converter, made.keySchema(), made.key())
                : write(converter, made.valueSchema(), made.value());
            ObjectNode changed = changed(converter, key, before, made);
            line.put("output", output);
            if (!changed.isEmpty()) line.set("changed", changed);
        } catch (Throwable error) {
            line.put("error", stage);
            line.put("message", String.valueOf(error.getMessage()));
        }
    }

    public static void main(String[] arguments) throws Exception {
        TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
        Locale.setDefault(Locale.US);
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String text = in.readLine(); text != null; text = in.readLine()) {
            ObjectNode line = (ObjectNode) JSON.readTree(text);
            run(line);
            out.println(JSON.writeValueAsString(line));
        }
        out.flush();
    }
}
