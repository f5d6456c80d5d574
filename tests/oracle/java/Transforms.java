import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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

/**
 * Applies Kafka Connect's transforms to records. Each line of standard input is a case, and each line of standard output the case
 * and its result.
 */
public class Transforms {
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
            // JsonConverter does not accept a struct as a default, although a schema may have one.
            JsonNode envelope = Recorder.JSON.readTree(bytes);
            Map<JsonNode, JsonNode> defaults = new IdentityHashMap<>();
            takeDefaults(envelope.get("schema"), defaults);
            if (defaults.isEmpty()) throw error;
            SchemaAndValue bare = converter.toConnectData("t", Recorder.JSON.writeValueAsBytes(envelope));
            Schema schema = withDefaults(converter, envelope.get("schema"), bare.schema(), defaults);
            return new SchemaAndValue(schema, fitted(schema, bare.value()));
        }
    }

    /** Removes the defaults of structs from a schema. */
    static void takeDefaults(JsonNode schema, Map<JsonNode, JsonNode> defaults) {
        if (!schema.path("type").asText().equals("struct")) return;
        JsonNode found = ((ObjectNode) schema).remove("default");
        if (found != null) defaults.put(schema, found);
        schema.get("fields").forEach(field -> takeDefaults(field, defaults));
    }

    /** Returns the schema that was read without defaults, with them. */
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
        ObjectNode envelope = Recorder.JSON.createObjectNode();
        envelope.set("schema", json);
        envelope.set("payload", defaults.get(json));
        Object value = fitted(bare, converter.toConnectData("t", Recorder.JSON.writeValueAsBytes(envelope)).value());
        return new ConnectSchema(schema.type(), schema.isOptional(), value, schema.name(), schema.version(), schema.doc(),
            schema.parameters(), fields, null, null);
    }

    /** Returns the same value with another schema. */
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

    /** Returns the name and the text of each header. */
    static ArrayNode headers(JsonConverter converter, SinkRecord record) {
        ArrayNode list = Recorder.JSON.createArrayNode();
        for (Header header : record.headers()) {
            list.addArray().add(header.key()).add(write(converter, header.schema(), header.value()));
        }
        return list;
    }

    /** Returns what changed in the record, except in the side (key or value) that the transform works on. */
    static ObjectNode changed(JsonConverter converter, boolean key, SinkRecord before, SinkRecord after) {
        ObjectNode changed = Recorder.JSON.createObjectNode();
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
            Recorder.putError(line, stage, error);
        }
    }

    public static void main(String[] arguments) throws Exception {
        Recorder.runCases(Transforms::run);
    }
}
