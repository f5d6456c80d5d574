import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.runtime.AbstractHerder;
import org.apache.kafka.connect.runtime.SinkConnectorConfig;
import org.apache.kafka.connect.runtime.SourceConnectorConfig;
import org.apache.kafka.connect.storage.Converter;
import org.apache.kafka.connect.storage.HeaderConverter;

/**
 * Prints Kafka Connect's definitions of configuration keys, as its REST API does: one list for each `ConfigDef` of its classes, and
 * one line for each key.
 */
public class Definitions {
    static final String[] CONVERTERS = {
        "converters.BooleanConverter",
        "converters.ByteArrayConverter",
        "converters.DoubleConverter",
        "converters.FloatConverter",
        "converters.IntegerConverter",
        "converters.LongConverter",
        "converters.ShortConverter",
        "json.JsonConverter",
        "storage.SimpleHeaderConverter",
        "storage.StringConverter",
    };

    static ConfigDef converter(String name) throws Exception {
        Object made = Class.forName(name).getDeclaredConstructor().newInstance();
        return made instanceof Converter converter ? converter.config() : ((HeaderConverter) made).config();
    }

    public static void main(String[] arguments) throws Exception {
        Map<String, ConfigDef> all = new LinkedHashMap<>();
        all.put("source", SourceConnectorConfig.configDef());
        all.put("sink", SinkConnectorConfig.configDef());
        for (String name : CONVERTERS) all.put("org.apache.kafka.connect." + name, converter("org.apache.kafka.connect." + name));
        all.put("producer", ProducerConfig.configDef());
        all.put("consumer", ConsumerConfig.configDef());
        all.put("admin", AdminClientConfig.configDef());

        PrintStream out = Recorder.out();
        out.println("{");
        int left = all.size();
        for (var def : all.entrySet()) {
            out.println(Recorder.JSON.writeValueAsString(def.getKey()) + ": [");
            int keys = def.getValue().configKeys().size();
            for (var key : def.getValue().configKeys().values()) {
                String line = Recorder.JSON.writeValueAsString(AbstractHerder.convertConfigKey(key));
                out.println(line + (--keys > 0 ? "," : ""));
            }
            out.println("]" + (--left > 0 ? "," : ""));
        }
        out.println("}");
        out.flush();
    }
}
