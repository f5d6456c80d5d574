import java.lang.reflect.Field;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.ConfigDef;

/**
 * Prints the settings of Kafka's Java clients, one per line: client, key, type and default, separated by tabs. The default is
 * `required` if there is none, and `null` if it is null. An end-to-end test runs this file alone, so it uses no other.
 */
public class ClientKeys {
    public static void main(String[] args) throws Exception {
        print("producer", ProducerConfig.class);
        print("consumer", ConsumerConfig.class);
        print("admin", AdminClientConfig.class);
    }

    private static void print(String client, Class<?> config) throws Exception {
        Field field = config.getDeclaredField("CONFIG");
        field.setAccessible(true);
        ConfigDef definition = (ConfigDef) field.get(null);
        for (ConfigDef.ConfigKey key : new TreeMap<>(definition.configKeys()).values()) {
            String value = key.hasDefault() ? text(key.defaultValue) : "required";
            System.out.println(String.join("\t", client, key.name, key.type.name(), value));
        }
    }

    private static String text(Object value) {
        if (value instanceof List) {
            return ((List<?>) value).stream().map(ClientKeys::text).collect(Collectors.joining(","));
        }
        return value instanceof Class ? ((Class<?>) value).getName() : String.valueOf(value);
    }
}
