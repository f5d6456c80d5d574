import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import javax.crypto.spec.SecretKeySpec;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.runtime.AbstractStatus;
import org.apache.kafka.connect.runtime.ConnectorStatus;
import org.apache.kafka.connect.runtime.RestartRequest;
import org.apache.kafka.connect.runtime.SessionKey;
import org.apache.kafka.connect.runtime.TargetState;
import org.apache.kafka.connect.runtime.TaskStatus;
import org.apache.kafka.connect.runtime.TopicStatus;
import org.apache.kafka.connect.runtime.WorkerConfig;
import org.apache.kafka.connect.runtime.distributed.DistributedConfig;
import org.apache.kafka.connect.storage.AppliedConnectorConfig;
import org.apache.kafka.connect.storage.ClusterConfigState;
import org.apache.kafka.connect.storage.ConfigBackingStore;
import org.apache.kafka.connect.storage.ConnectorOffsetBackingStore;
import org.apache.kafka.connect.storage.KafkaConfigBackingStore;
import org.apache.kafka.connect.storage.KafkaOffsetBackingStore;
import org.apache.kafka.connect.storage.KafkaStatusBackingStore;
import org.apache.kafka.connect.storage.OffsetBackingStore;
import org.apache.kafka.connect.storage.OffsetStorageReaderImpl;
import org.apache.kafka.connect.storage.OffsetStorageWriter;
import org.apache.kafka.connect.util.Callback;
import org.apache.kafka.connect.util.ConnectorTaskId;
import org.apache.kafka.connect.util.KafkaBasedLog;
import org.apache.kafka.connect.util.LoggingContext;
import org.apache.kafka.connect.util.TopicAdmin;

/**
 * Writes and reads the records of Kafka Connect's internal topics with its own stores, whose topics are replaced by lists. Each line of
 * standard input is a case, with or without a result, and each line of standard output the case and its result. The member `do` says what
 * is called. `weir` and `why` are kept: they say where Weir differs on purpose.
 */
public class InternalTopics {
    /** A topic that keeps what is sent in a list. */
    static final class Log<K> extends KafkaBasedLog<K, byte[]> {
        final String name;
        final ArrayNode sent;
        final boolean fails;

        Log(String name, ArrayNode sent, boolean fails) {
            super(name, new HashMap<>(), new HashMap<>(), () -> null, (error, record) -> {}, Time.SYSTEM, null);
            this.name = name;
            this.sent = sent;
            this.fails = fails;
        }

        @Override
        public void start() {}

        @Override
        public int partitionCount() {
            return 1;
        }

        @Override
        public void flush() {}

        @Override
        public void readToEnd(Callback<Void> callback) {
            callback.onCompletion(null, null);
        }

        @Override
        public Future<Void> readToEnd() {
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public Future<RecordMetadata> sendWithReceipt(
            K key, byte[] value, org.apache.kafka.clients.producer.Callback callback
        ) {
            byte[] bytes = key instanceof byte[] ? (byte[]) key : ((String) key).getBytes(StandardCharsets.UTF_8);
            add(sent, name, bytes, value);
            if (callback != null) callback.onCompletion(null, fails ? new TimeoutException("no answer") : null);
            return CompletableFuture.completedFuture(null);
        }
    }

    static void add(ArrayNode to, String topic, byte[] key, byte[] value) {
        ObjectNode record = to.addObject();
        if (topic != null) record.put("topic", topic);
        record.put("key", new String(key, StandardCharsets.UTF_8));
        record.put("value", value == null ? null : new String(value, StandardCharsets.UTF_8));
    }

    static JsonConverter converter(boolean isKey) {
        JsonConverter converter = new JsonConverter();
        converter.configure(Map.of("schemas.enable", "false"), isKey);
        return converter;
    }

    static Field field(Class<?> of, String name) throws Exception {
        Field field = of.getDeclaredField(name);
        field.setAccessible(true);
        return field;
    }

    static DistributedConfig worker(Map<String, String> more) throws Exception {
        Map<String, String> settings = new HashMap<>();
        settings.put("bootstrap.servers", "127.0.0.1:1");
        settings.put("group.id", "g");
        settings.put("key.converter", "org.apache.kafka.connect.json.JsonConverter");
        settings.put("value.converter", "org.apache.kafka.connect.json.JsonConverter");
        settings.put("config.storage.topic", "configs");
        settings.put("offset.storage.topic", "offsets");
        settings.put("status.storage.topic", "statuses");
        more.forEach((key, value) -> {
            if (value == null) settings.remove(key);
            else settings.put(key, value);
        });
        DistributedConfig config = new DistributedConfig(settings);
        // Otherwise, it asks Kafka.
        field(WorkerConfig.class, "kafkaClusterId").set(config, "cluster");
        return config;
    }

    // ---- Config topic ----

    static KafkaConfigBackingStore configs(Map<String, String> settings) throws Exception {
        return new KafkaConfigBackingStore(converter(false), worker(settings), null, () -> null, "");
    }

    static void useLog(KafkaConfigBackingStore store, Log<String> log) throws Exception {
        Method set = KafkaConfigBackingStore.class.getDeclaredMethod("setConfigLog", KafkaBasedLog.class);
        set.setAccessible(true);
        set.invoke(store, log);
    }

    static Map<String, String> strings(JsonNode node) {
        Map<String, String> map = new LinkedHashMap<>();
        node.fields().forEachRemaining(entry ->
            map.put(entry.getKey(), entry.getValue().isNull() ? null : entry.getValue().asText()));
        return map;
    }

    static void call(KafkaConfigBackingStore store, JsonNode line) {
        String connector = line.path("connector").asText();
        switch (line.get("operation").asText()) {
            case "put-connector" -> store.putConnectorConfig(
                connector,
                strings(line.get("config")),
                line.has("target") ? TargetState.valueOf(line.get("target").asText()) : null
            );
            case "remove-connector" -> store.removeConnectorConfig(connector);
            case "put-tasks" -> {
                List<Map<String, String>> tasks = new ArrayList<>();
                line.get("tasks").forEach(task -> tasks.add(strings(task)));
                store.putTaskConfigs(connector, tasks);
            }
            case "put-target" -> store.putTargetState(connector, TargetState.valueOf(line.get("target").asText()));
            case "put-task-count" -> store.putTaskCountRecord(connector, line.get("count").asInt());
            case "put-session-key" -> store.putSessionKey(new SessionKey(
                new SecretKeySpec(Base64.getDecoder().decode(line.get("key").asText()), line.get("algorithm").asText()),
                line.get("created").asLong()
            ));
            case "put-restart" -> store.putRestartRequest(new RestartRequest(
                connector, line.get("only_failed").asBoolean(), line.get("include_tasks").asBoolean()
            ));
            case "put-logger" -> store.putLoggerLevel(line.get("namespace").asText(), line.get("level").asText());
            default -> throw new IllegalArgumentException(line.toString());
        }
    }

    static void writeConfig(ObjectNode line) throws Exception {
        ArrayNode sent = line.putArray("records");
        KafkaConfigBackingStore store = configs(Map.of());
        useLog(store, new Log<>(null, sent, false));
        call(store, line);
        // Again as a leader that writes in transactions: each array is one of them.
        ArrayNode transactions = line.putArray("transactions");
        ArrayNode rest = Recorder.JSON.createArrayNode();
        store = configs(Map.of("exactly.once.source.support", "preparing"));
        useLog(store, new Log<>(null, rest, false));
        MockProducer<String, byte[]> producer =
            new MockProducer<>(true, null, new StringSerializer(), new ByteArraySerializer()) {
                @Override
                public void commitTransaction() {
                    int before = history().size();
                    super.commitTransaction();
                    ArrayNode transaction = transactions.addArray();
                    for (ProducerRecord<String, byte[]> record : history().subList(before, history().size())) {
                        add(transaction, null, record.key().getBytes(StandardCharsets.UTF_8), record.value());
                    }
                }
            };
        producer.initTransactions();
        field(KafkaConfigBackingStore.class, "fencableProducer").set(store, producer);
        call(store, line);
        line.set("outside_transactions", rest);
    }

    static byte[] bytes(JsonNode record, String name) {
        JsonNode text = record.get(name);
        if (record.has(name + "_base64")) return Base64.getDecoder().decode(record.get(name + "_base64").asText());
        return text == null || text.isNull() ? null : text.asText().getBytes(StandardCharsets.UTF_8);
    }

    static void readConfig(ObjectNode line) throws Exception {
        KafkaConfigBackingStore store = configs(Map.of());
        useLog(store, new Log<>(null, Recorder.JSON.createArrayNode(), false));
        ArrayNode events = line.putArray("events");
        store.setUpdateListener(new ConfigBackingStore.UpdateListener() {
            public void onConnectorConfigRemove(String connector) {
                events.addObject().put("event", "connector-removed").put("connector", connector);
            }

            public void onConnectorConfigUpdate(String connector) {
                events.addObject().put("event", "connector-changed").put("connector", connector);
            }

            public void onTaskConfigUpdate(Collection<ConnectorTaskId> tasks) {
                ArrayNode ids = events.addObject().put("event", "tasks-changed").putArray("tasks");
                new TreeSet<>(tasks).forEach(task -> ids.add(task.toString()));
            }

            public void onConnectorTargetStateChange(String connector) {
                events.addObject().put("event", "target-changed").put("connector", connector);
            }

            public void onSessionKeyUpdate(SessionKey key) {
                events.addObject().put("event", "session-key").set("key", sessionKey(key));
            }

            public void onRestartRequest(RestartRequest request) {
                events.addObject().put("event", "restart").put("connector", request.connectorName())
                    .put("only_failed", request.onlyFailed()).put("include_tasks", request.includeTasks());
            }

            public void onLoggingLevelUpdate(String namespace, String level) {
                events.addObject().put("event", "logger-level").put("namespace", namespace).put("level", level);
            }
        });
        // From now on, it reports changes.
        store.start();
        Class<?> callback = Class.forName("org.apache.kafka.connect.storage.KafkaConfigBackingStore$ConsumeCallback");
        Constructor<?> make = callback.getDeclaredConstructor(KafkaConfigBackingStore.class);
        make.setAccessible(true);
        @SuppressWarnings("unchecked")
        Callback<ConsumerRecord<String, byte[]>> read =
            (Callback<ConsumerRecord<String, byte[]>>) make.newInstance(store);
        long offset = line.path("first_offset").asLong(0);
        line.remove("throws");
        for (JsonNode record : line.get("read")) {
            byte[] key = bytes(record, "key");
            String text = key == null ? null : new StringDeserializer().deserialize(null, key);
            try {
                read.onCompletion(null, new ConsumerRecord<>("configs", 0, offset, text, bytes(record, "value")));
            } catch (Exception error) {
                line.withArray("throws").add(offset + " " + error.getClass().getSimpleName());
            }
            offset += 1;
        }
        line.set("state", state(store.snapshot()));
    }

    static JsonNode sessionKey(SessionKey key) {
        if (key == null) return Recorder.JSON.nullNode();
        return Recorder.JSON.createObjectNode()
            .put("key", Base64.getEncoder().encodeToString(key.key().getEncoded()))
            .put("algorithm", key.key().getAlgorithm())
            .put("created", key.creationTimestamp());
    }

    @SuppressWarnings("unchecked")
    static <T> T inState(ClusterConfigState state, String name) throws Exception {
        return (T) field(ClusterConfigState.class, name).get(state);
    }

    static JsonNode sorted(Map<String, ?> map) {
        return Recorder.JSON.valueToTree(map == null ? null : new TreeMap<>(map));
    }

    static JsonNode state(ClusterConfigState state) throws Exception {
        ObjectNode result = Recorder.JSON.createObjectNode();
        result.put("offset", state.offset());
        result.set("session_key", sessionKey(state.sessionKey()));
        ObjectNode connectors = result.putObject("connectors");
        for (String connector : new TreeSet<>(state.connectors())) {
            connectors.set(connector, sorted(state.rawConnectorConfig(connector)));
        }
        result.set("targets", sorted(inState(state, "connectorTargetStates")));
        result.set("task_counts", sorted(inState(state, "connectorTaskCounts")));
        Map<ConnectorTaskId, Map<String, String>> tasks = inState(state, "taskConfigs");
        ObjectNode configs = result.putObject("task_configs");
        new TreeMap<>(tasks).forEach((task, config) -> configs.set(task.toString(), sorted(config)));
        ObjectNode current = result.putObject("tasks");
        for (String connector : new TreeSet<>(state.connectors())) {
            ArrayNode ids = current.putArray(connector);
            if (state.taskCount(connector) < 1000) state.tasks(connector).forEach(task -> ids.add(task.task()));
        }
        result.set("fenced_tasks", sorted(inState(state, "connectorTaskCountRecords")));
        result.set("generations", sorted(inState(state, "connectorTaskConfigGenerations")));
        Map<String, AppliedConnectorConfig> applied = inState(state, "appliedConnectorConfigs");
        ObjectNode appliedConfigs = result.putObject("applied");
        new TreeMap<>(applied).forEach((connector, config) ->
            appliedConfigs.set(connector, sorted(config.transformedConfig(null))));
        result.set("pending_fencing", Recorder.JSON.valueToTree(
            new TreeSet<>(InternalTopics.<Collection<String>>inState(state, "connectorsPendingFencing"))));
        result.set("inconsistent", Recorder.JSON.valueToTree(new TreeSet<>(state.inconsistentConnectors())));
        return result;
    }

    // ---- Status topic ----

    static KafkaStatusBackingStore statuses(Log<String> log) throws Exception {
        Constructor<KafkaStatusBackingStore> make = KafkaStatusBackingStore.class.getDeclaredConstructor(
            Time.class, org.apache.kafka.connect.storage.Converter.class, String.class,
            java.util.function.Supplier.class, KafkaBasedLog.class
        );
        make.setAccessible(true);
        java.util.function.Supplier<?> noAdmin = () -> null;
        return make.newInstance(Time.SYSTEM, converter(false), "statuses", noAdmin, log);
    }

    static String text(JsonNode line, String name) {
        return line.hasNonNull(name) ? line.get(name).asText() : null;
    }

    static void put(KafkaStatusBackingStore store, JsonNode line) {
        String connector = line.get("connector").asText();
        boolean safe = line.path("safe").asBoolean();
        if (line.has("uses")) {
            String topic = line.get("uses").asText();
            if (line.path("delete").asBoolean()) store.deleteTopic(connector, topic);
            else store.put(new TopicStatus(topic, connector, line.get("task").asInt(), line.get("discovered").asLong()));
            return;
        }
        AbstractStatus.State state = AbstractStatus.State.valueOf(line.get("state").asText());
        String worker = text(line, "worker_id");
        int generation = line.path("generation").asInt();
        String trace = text(line, "trace");
        String version = text(line, "version");
        if (line.has("task")) {
            ConnectorTaskId id = new ConnectorTaskId(connector, line.get("task").asInt());
            TaskStatus status = new TaskStatus(id, state, worker, generation, trace, version);
            if (safe) store.putSafe(status);
            else store.put(status);
        } else {
            ConnectorStatus status = new ConnectorStatus(connector, state, trace, worker, generation, version);
            if (safe) store.putSafe(status);
            else store.put(status);
        }
    }

    static void read(KafkaStatusBackingStore store, JsonNode records) throws Exception {
        Method read = KafkaStatusBackingStore.class.getDeclaredMethod("read", ConsumerRecord.class);
        read.setAccessible(true);
        long offset = 0;
        for (JsonNode record : records) {
            String key = new String(bytes(record, "key"), StandardCharsets.UTF_8);
            read.invoke(store, new ConsumerRecord<>("statuses", 0, offset, key, bytes(record, "value")));
            offset += 1;
        }
    }

    /** Reads the records, and then writes. */
    static void writeStatus(ObjectNode line) throws Exception {
        ArrayNode sent = line.putArray("records");
        KafkaStatusBackingStore store = statuses(new Log<>(null, sent, false));
        if (line.has("read")) read(store, line.get("read"));
        put(store, line);
    }

    static ObjectNode status(AbstractStatus<?> status) {
        return Recorder.JSON.createObjectNode().put("state", status.state().name()).put("trace", status.trace())
            .put("worker_id", status.workerId()).put("generation", status.generation())
            .put("version", status.version());
    }

    static void readStatus(ObjectNode line) throws Exception {
        KafkaStatusBackingStore store = statuses(new Log<>(null, Recorder.JSON.createArrayNode(), false));
        read(store, line.get("read"));
        ObjectNode state = line.putObject("state");
        for (JsonNode name : line.get("connectors")) {
            String connector = name.asText();
            ObjectNode result = state.putObject(connector);
            ConnectorStatus own = store.get(connector);
            result.set("connector", own == null ? null : status(own));
            TreeMap<Integer, TaskStatus> tasks = new TreeMap<>();
            store.getAll(connector).forEach(task -> tasks.put(task.id().task(), task));
            ObjectNode statuses = result.putObject("tasks");
            tasks.forEach((task, status) -> statuses.set(String.valueOf(task), status(status)));
            TreeMap<String, ObjectNode> topics = new TreeMap<>();
            Map<String, Map<String, TopicStatus>> all = all(store);
            all.getOrDefault(connector, Map.of()).forEach((topic, use) -> topics.put(topic, Recorder.JSON.createObjectNode()
                .put("name", use.topic()).put("connector", use.connector()).put("task", use.task())
                .put("discovered", use.discoverTimestamp())));
            result.set("topics", Recorder.JSON.valueToTree(topics));
        }
    }

    @SuppressWarnings("unchecked")
    static Map<String, Map<String, TopicStatus>> all(KafkaStatusBackingStore store) throws Exception {
        return (Map<String, Map<String, TopicStatus>>) field(KafkaStatusBackingStore.class, "topics").get(store);
    }

    // ---- Offsets topics ----

    static KafkaOffsetBackingStore offsets(Log<byte[]> log) throws Exception {
        KafkaOffsetBackingStore store = new KafkaOffsetBackingStore(() -> null, () -> "", converter(true));
        field(KafkaOffsetBackingStore.class, "offsetLog").set(store, log);
        return store;
    }

    @SuppressWarnings("unchecked")
    static void read(KafkaOffsetBackingStore store, JsonNode records) throws Exception {
        var callback = (Callback<ConsumerRecord<byte[], byte[]>>)
            field(KafkaOffsetBackingStore.class, "consumedCallback").get(store);
        long offset = 0;
        for (JsonNode record : records) {
            callback.onCompletion(
                null, new ConsumerRecord<>("offsets", 0, offset, bytes(record, "key"), bytes(record, "value")));
            offset += 1;
        }
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> map(JsonNode node) {
        return Recorder.JSON.convertValue(node, LinkedHashMap.class);
    }

    /** The connector's store, or the union of it and the worker's. */
    static OffsetBackingStore union(KafkaOffsetBackingStore worker, KafkaOffsetBackingStore own) {
        return own == null
            ? ConnectorOffsetBackingStore.withOnlyWorkerStore(() -> LoggingContext.forConnector("c"), worker, "offsets")
            : ConnectorOffsetBackingStore.withConnectorAndWorkerStores(
                () -> LoggingContext.forConnector("c"), worker, own, "own", noAdmin());
    }

    /** Returns what a store requires and does not use. */
    static TopicAdmin noAdmin() {
        ClassLoader loader = InternalTopics.class.getClassLoader();
        return new TopicAdmin(
            Map.of(), (Admin) Proxy.newProxyInstance(loader, new Class<?>[] {Admin.class}, (proxy, method, of) -> null));
    }

    static void writeOffsets(ObjectNode line) throws Exception {
        ArrayNode sent = line.putArray("records");
        String fails = line.path("fails").asText();
        KafkaOffsetBackingStore worker = offsets(new Log<>("worker", sent, fails.equals("worker")));
        KafkaOffsetBackingStore own =
            line.path("own_topic").asBoolean() ? offsets(new Log<>("connector", sent, fails.equals("connector"))) : null;
        OffsetStorageWriter writer = new OffsetStorageWriter(
            union(worker, own), line.get("connector").asText(), converter(true), converter(false));
        for (JsonNode entry : line.get("offsets")) writer.offset(map(entry.get("partition")), map(entry.get("offset")));
        writer.beginFlush();
        line.put("ok", true);
        Future<Void> done = writer.doFlush((error, nothing) -> line.put("ok", error == null));
        try {
            if (done != null) done.get();
        } catch (ExecutionException error) {
            line.put("ok", false);
        }
    }

    static void readOffsets(ObjectNode line) throws Exception {
        ArrayNode none = Recorder.JSON.createArrayNode();
        KafkaOffsetBackingStore worker = offsets(new Log<>("worker", none, false));
        read(worker, line.get("read"));
        KafkaOffsetBackingStore own = null;
        if (line.has("read_own")) {
            own = offsets(new Log<>("connector", none, false));
            read(own, line.get("read_own"));
        }
        OffsetBackingStore store = union(worker, own);
        String connector = line.get("connector").asText();
        OffsetStorageReaderImpl reader =
            new OffsetStorageReaderImpl(store, connector, converter(true), converter(false));
        ArrayNode partitions = line.putArray("partitions");
        store.connectorPartitions(connector).stream().map(InternalTopics::sorted).map(JsonNode::toString).sorted()
            .forEach(partitions::add);
        ArrayNode found = line.putArray("found");
        for (JsonNode partition : line.get("ask")) found.add(Recorder.JSON.<JsonNode>valueToTree(reader.offset(map(partition))));
    }

    // ---- Worker keys ----

    static void worker(ObjectNode line) throws Exception {
        line.remove(List.of("error", "topics", "enabled", "transactional_id"));
        try {
            DistributedConfig config = worker(strings(line.get("worker")));
            ObjectNode topics = line.putObject("topics");
            topics.set("config", sorted(config.configStorageTopicSettings()));
            topics.set("offset", sorted(config.offsetStorageTopicSettings()));
            topics.set("status", sorted(config.statusStorageTopicSettings()));
            if (config.transactionalLeaderEnabled()) line.put("transactional_id", config.transactionalProducerId());
            line.put("enabled", config.exactlyOnceSourceEnabled());
        } catch (org.apache.kafka.common.config.ConfigException error) {
            line.put("error", error.getMessage());
        }
    }

    public static void main(String[] arguments) throws Exception {
        // Otherwise, the errors that the stores log would be between the results.
        Path quiet = Files.writeString(Files.createTempFile("log4j2", ".properties"), "rootLogger.level=off\n");
        quiet.toFile().deleteOnExit();
        System.setProperty("log4j2.configurationFile", quiet.toString());
        Recorder.runCases(line -> {
            ObjectNode weir = (ObjectNode) line.remove("weir");
            var why = line.remove("why");
            try {
                switch (line.get("do").asText()) {
                    case "write-config" -> writeConfig(line);
                    case "read-config" -> readConfig(line);
                    case "write-status" -> writeStatus(line);
                    case "read-status" -> readStatus(line);
                    case "write-offsets" -> writeOffsets(line);
                    case "read-offsets" -> readOffsets(line);
                    case "worker" -> worker(line);
                    default -> throw new IllegalArgumentException(line.toString());
                }
            } catch (Exception error) {
                throw new IllegalStateException(line.toString(), error);
            }
            if (weir != null) {
                line.set("weir", weir);
                line.set("why", why);
            }
        });
        // A store has a thread that is not a daemon.
        System.exit(0);
    }
}
