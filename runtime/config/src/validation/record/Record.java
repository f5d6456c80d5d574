// Records Kafka Connect's definitions of configuration keys anew: what `ConfigDef`s its classes have, as its REST API
// prints them. With the jars of Kafka Connect 4.3.1 in `libs`:
//
//     java -cp 'libs/*' Record.java > definitions.json
//
// One list for each `ConfigDef`, one line for each key.

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
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

public class Record {
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

        ObjectMapper json = new ObjectMapper();
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        out.println("{");
        int left = all.size();
        for (var def : all.entrySet()) {
            out.println(json.writeValueAsString(def.getKey()) + ": [");
            int keys = def.getValue().configKeys().size();
            for (var key : def.getValue().configKeys().values()) {
                String line = json.writeValueAsString(AbstractHerder.convertConfigKey(key));
                out.println(line + (--keys > 0 ? "," : ""));
            }
            out.println("]" + (--left > 0 ? "," : ""));
        }
        out.println("}");
        out.flush();
    }
}
