import java.util.Arrays;
import java.util.TreeSet;
import javax.management.MBeanAttributeInfo;
import javax.management.MBeanServerConnection;
import javax.management.ObjectName;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/**
 * Prints every attribute of the MBeans of Kafka Connect in another JVM: `TYPE TAB KEY=VALUE,... TAB ATTRIBUTE TAB VALUE`, where the
 * second are the other keys of the object's name, sorted, without quotes.
 */
public class Jmx {
    public static void main(String[] arguments) throws Exception {
        String url = "service:jmx:rmi:///jndi/rmi://127.0.0.1:" + arguments[0] + "/jmxrmi";
        try (var connector = JMXConnectorFactory.connect(new JMXServiceURL(url))) {
            MBeanServerConnection server = connector.getMBeanServerConnection();
            for (ObjectName name : new TreeSet<>(server.queryNames(new ObjectName("kafka.connect:*"), null))) {
                var keys = name.getKeyPropertyList();
                String type = keys.remove("type");
                var tags = new TreeSet<String>();
                keys.forEach((key, value) -> tags.add(key + "=" + (value.startsWith("\"") ? ObjectName.unquote(value) : value)));
                String[] attributes = Arrays.stream(server.getMBeanInfo(name).getAttributes())
                    .map(MBeanAttributeInfo::getName).sorted().toArray(String[]::new);
                for (String attribute : attributes) {
                    System.out.println(String.join("\t", type, String.join(",", tags), attribute,
                        String.valueOf(server.getAttribute(name, attribute))));
                }
            }
        }
    }
}
