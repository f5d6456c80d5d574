//! Compacted topics on a real Apache Kafka: creation and checks, reading while records are written, compaction, transactions, fencing, and
//! a broker that is away.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use parking_lot::Mutex;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::producer::{BaseRecord, Producer as _, ThreadedProducer};
use tokio::time::timeout;
use weir_kafka::Properties;
use weir_kafka::admin::{Admin, Admins};
use weir_kafka::compacted::{
    CompactedTopic, FencedWriteError, FencedWriter, KeyValue, ReadError, ReaderOptions, TopicError, TopicHandler,
    TopicKeys, TopicReader, TopicRecord, TopicWriter,
};
use weir_kafka::connection::Connections;
use weir_tests::kafka::{self, Kafka};
use weir_tests::topics;

/// Longer than anything takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(100);

const KEYS: TopicKeys = TopicKeys {
    name: "config.storage.topic",
    purpose: "connector configurations",
    creation: "internal.topics.automatic.creation.enable",
};

fn properties(bootstrap: &str, more: &[(&str, &str)]) -> Properties {
    let all = [("bootstrap.servers", bootstrap)].into_iter().chain(more.iter().copied());
    all.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn admin(bootstrap: &str) -> Result<Arc<Admin>> {
    Ok(Admins::default().get(&properties(bootstrap, &[]))?)
}

fn topic(name: &str) -> CompactedTopic {
    CompactedTopic {
        name: topics::unique(name),
        keys: KEYS,
        partitions: 1,
        is_single: true,
        replication_factor: 1,
        settings: BTreeMap::new(),
        is_created: true,
    }
}

/// Runs what has a runtime of its own.
fn outside<T: Send>(run: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    std::thread::scope(|scope| scope.spawn(run).join().expect("no panic"))
}

fn shape(bootstrap: &str, topic: &str) -> Result<Option<topics::Shape>> {
    outside(|| topics::shape(bootstrap, topic))
}

/// What a handler has received.
#[derive(Debug, Default)]
struct Seen {
    /// Key and value of each record.
    records: Vec<(String, Option<String>)>,
    /// How many there were when the topic was read to its end for the first time.
    caught_up: Vec<usize>,
}

/// Keeps what it receives.
struct Keep(Arc<Mutex<Seen>>);

impl TopicHandler for Keep {
    fn record(&mut self, record: TopicRecord<'_>) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        self.0.lock().records.push((record.key.map(text).unwrap_or_default(), record.value.map(text)));
    }

    fn caught_up(&mut self) {
        let mut seen = self.0.lock();
        let count = seen.records.len();
        seen.caught_up.push(count);
    }
}

/// A reader and what it has received.
struct Reading {
    reader: TopicReader,
    seen: Arc<Mutex<Seen>>,
}

impl Reading {
    async fn open(bootstrap: &str, topic: &str, partitions: usize, isolation: &str) -> Result<Self> {
        let seen = Arc::default();
        let options = ReaderOptions {
            topic: topic.to_owned(),
            partitions,
            properties: properties(bootstrap, &[("group.id", "compacted-topics"), ("isolation.level", isolation)]),
            admin: admin(bootstrap)?,
            connections: Connections::default(),
        };
        let reader = timeout(LIMIT, TopicReader::open(options, Keep(Arc::clone(&seen)))).await??;
        Ok(Self { reader, seen })
    }

    async fn to_end(&self) -> Result<Vec<(String, Option<String>)>> {
        timeout(LIMIT, self.reader.read_to_end()).await??;
        Ok(self.records())
    }

    fn records(&self) -> Vec<(String, Option<String>)> {
        self.seen.lock().records.clone()
    }
}

fn record(key: &str, value: Option<&str>) -> (String, Option<String>) {
    (key.to_owned(), value.map(str::to_owned))
}

fn writer(bootstrap: &str, topic: &str) -> Result<TopicWriter> {
    Ok(TopicWriter::open(topic, &properties(bootstrap, &[]), &Connections::default())?)
}

async fn write(writer: &TopicWriter, records: &[(&str, Option<&str>)]) -> Result<()> {
    let records: Vec<KeyValue<'_>> =
        records.iter().map(|(key, value)| KeyValue { key: key.as_bytes(), value: value.map(str::as_bytes) }).collect();
    timeout(LIMIT, writer.write(&records)).await??;
    Ok(())
}

#[tokio::test]
async fn a_topic_is_created_with_its_settings_and_an_existing_one_is_checked() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let admin = admin(bootstrap)?;
    let settings = [("segment.bytes", "2097152"), ("cleanup.policy", "delete")];
    let settings = settings.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let new = CompactedTopic { partitions: 3, is_single: false, settings: settings.into(), ..topic("ct-new") };
    assert_eq!(new.prepare(&admin, LIMIT, PAUSE).await?, 3);
    let created = shape(bootstrap, &new.name)?.context("it exists")?;
    assert_eq!((created.partitions, created.replicas), (3, 1));
    assert_eq!(created.configs["cleanup.policy"], "compact");
    assert_eq!(created.configs["segment.bytes"], "2097152");
    // A second worker with other settings uses it as it is.
    let other = CompactedTopic { partitions: 5, ..new.clone() };
    assert_eq!(other.prepare(&admin, LIMIT, PAUSE).await?, 3);

    let single = CompactedTopic { is_single: true, ..new };
    let error = single.prepare(&admin, LIMIT, PAUSE).await.expect_err("three partitions").to_string();
    let expected = format!(
        "Topic '{}' supplied via the 'config.storage.topic' property is required to have a single partition in order to guarantee \
         consistency of connector configurations, but found 3 partitions.",
        single.name
    );
    assert_eq!(error, expected);

    for (name, policy) in [("ct-delete", "delete"), ("ct-both", "compact,delete")] {
        let other = topic(name);
        outside(|| topics::create_with(bootstrap, &other.name, 1, &[("cleanup.policy", policy)]))?;
        let error = other.prepare(&admin, LIMIT, PAUSE).await.expect_err("not only compacted");
        ensure!(matches!(error, TopicError::Policy { .. }), "{error}");
        let error = error.to_string();
        let start = format!(
            "Topic '{}' supplied via the 'config.storage.topic' property is required to have 'cleanup.policy=compact' to guarantee \
             consistency and durability of connector configurations, but found the topic currently has 'cleanup.policy=",
            other.name
        );
        ensure!(error.starts_with(&start) && error.contains(&format!("='{policy}'.").replace("='", "=")), "{error}");
    }

    let missing = CompactedTopic { is_created: false, ..topic("ct-missing") };
    let error = missing.prepare(&admin, LIMIT, PAUSE).await.expect_err("missing").to_string();
    ensure!(error.contains("so automatic creation of internal topics is disabled"), "{error}");
    assert_eq!(shape(bootstrap, &missing.name)?, None, "it was not created");
    Ok(())
}

#[tokio::test]
async fn too_few_brokers_and_unknown_settings_are_said_in_kafka_connects_words() -> Result<()> {
    let admin = admin(kafka::bootstrap()?)?;
    let replicated = CompactedTopic { replication_factor: 3, ..topic("ct-replicated") };
    let error = replicated.prepare(&admin, PAUSE * 3, PAUSE).await.expect_err("one broker").to_string();
    ensure!(error.starts_with("Timed out while checking for or creating topic(s) 'ct-replicated"), "{error}");
    ensure!(error.contains("InvalidReplicationFactor"), "{error}");
    let settings = BTreeMap::from([("no.such.setting".to_owned(), "1".to_owned())]);
    let unknown = CompactedTopic { settings, ..topic("ct-unknown") };
    let error = unknown.prepare(&admin, LIMIT, PAUSE).await.expect_err("unknown").to_string();
    ensure!(error.starts_with("Unable to create topic(s) 'ct-unknown"), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_topic_is_read_from_its_beginning_and_each_new_record_is_read() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = topic("ct-read");
    topic.prepare(&*admin(bootstrap)?, LIMIT, PAUSE).await?;
    let empty = Reading::open(bootstrap, &topic.name, 1, "read_uncommitted").await?;
    assert_eq!(empty.seen.lock().caught_up, [0], "there was nothing to read");

    let writer = writer(bootstrap, &topic.name)?;
    write(&writer, &[("a", Some("1")), ("b", Some("1")), ("a", None)]).await?;
    let expected = [record("a", Some("1")), record("b", Some("1")), record("a", None)];
    assert_eq!(empty.to_end().await?, expected);
    let later = Reading::open(bootstrap, &topic.name, 1, "read_committed").await?;
    assert_eq!(later.records(), expected);
    assert_eq!(later.seen.lock().caught_up, [3]);

    // What this worker has written is read without asking where the topic ends.
    let records = [KeyValue { key: b"c", value: Some(b"1") }];
    let written = timeout(LIMIT, writer.write(&records)).await??;
    for reading in [&empty, &later] {
        timeout(LIMIT, reading.reader.read_until(&written)).await??;
        assert_eq!(reading.records().last(), Some(&record("c", Some("1"))));
    }
    assert_eq!(empty.seen.lock().caught_up, [0]);
    Ok(())
}

#[tokio::test]
async fn records_of_each_partition_come_in_order_and_keys_are_where_java_puts_them() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = CompactedTopic { partitions: 5, is_single: false, ..topic("ct-partitions") };
    topic.prepare(&*admin(bootstrap)?, LIMIT, PAUSE).await?;
    let writer = writer(bootstrap, &topic.name)?;
    for round in ["1", "2", "3"] {
        let keys: Vec<String> = (0..40).map(|number| format!("key-{number}")).collect();
        let records: Vec<_> = keys.iter().map(|key| (key.as_str(), Some(round))).collect();
        write(&writer, &records).await?;
    }
    let reading = Reading::open(bootstrap, &topic.name, 5, "read_uncommitted").await?;
    assert_eq!(reading.records().len(), 120);
    for number in 0..40 {
        let key = format!("key-{number}");
        let values: Vec<_> =
            reading.records().into_iter().filter(|(of, _)| *of == key).map(|(_, value)| value).collect();
        assert_eq!(values, ["1", "2", "3"].map(|round| Some(round.to_owned())), "{key}");
    }
    // Computed with `Utils.murmur2`, which Java's producer uses.
    let partitions: BTreeMap<Vec<u8>, i32> = topics::read(bootstrap, &topic.name)?
        .into_iter()
        .map(|record| (record.key.unwrap_or_default(), record.partition))
        .collect();
    let murmur2 = [("key-0", 1), ("key-1", 0), ("key-2", 2), ("key-3", 2)];
    for (key, partition) in murmur2 {
        assert_eq!(partitions[key.as_bytes()], partition, "{key}");
    }
    Ok(())
}

fn transactional(bootstrap: &str, id: &str) -> Result<ThreadedProducer<rdkafka::producer::DefaultProducerContext>> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap).set("transactional.id", topics::unique(id));
    let producer: ThreadedProducer<_> = config.create().context("a producer")?;
    producer.init_transactions(LIMIT)?;
    Ok(producer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_of_committed_records_waits_for_the_transactions_that_are_open() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = topic("ct-transaction");
    let admin = admin(bootstrap)?;
    topic.prepare(&admin, LIMIT, PAUSE).await?;
    let committed = Reading::open(bootstrap, &topic.name, 1, "read_committed").await?;
    let uncommitted = Reading::open(bootstrap, &topic.name, 1, "read_uncommitted").await?;
    let producer = transactional(bootstrap, "ct-transaction")?;
    for (value, is_committed) in [("aborted", false), ("committed", true)] {
        producer.begin_transaction()?;
        let sent = producer.send(BaseRecord::to(&topic.name).key("k").payload(value));
        sent.map_err(|(error, _)| error)?;
        producer.flush(LIMIT)?;
        let written = record("k", Some(value));
        assert_eq!(uncommitted.to_end().await?.last(), Some(&written), "its offset is known");
        let before = committed.records();
        let end = admin.end_offsets(&topic.name, 1).await?;
        let mut reading = Box::pin(committed.reader.read_to_end());
        // The end includes the record, which cannot be read yet.
        ensure!(
            timeout(PAUSE * 10, &mut reading).await.is_err(),
            "the transaction is open, and the topic ends at {end:?}"
        );
        assert_eq!(committed.records(), before);
        match is_committed {
            true => producer.commit_transaction(LIMIT)?,
            false => producer.abort_transaction(LIMIT)?,
        }
        timeout(LIMIT, reading).await??;
        let expected = is_committed.then_some(written);
        assert_eq!(committed.records(), expected.into_iter().collect::<Vec<_>>());
        // There is nothing after the end of the transaction, which is a record that nobody receives.
        committed.to_end().await?;
        uncommitted.to_end().await?;
    }
    Ok(())
}

#[tokio::test]
async fn of_two_leaders_the_one_that_claims_last_writes() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = topic("ct-fenced");
    topic.prepare(&*admin(bootstrap)?, LIMIT, PAUSE).await?;
    let id = topics::unique("connect-cluster-ct");
    let leader = || FencedWriter::new(&topic.name, &id, &properties(bootstrap, &[]), &Connections::default());
    let (old, new) = (leader(), leader());
    let pair = [KeyValue { key: b"target", value: Some(b"1") }, KeyValue { key: b"connector", value: Some(b"1") }];
    ensure!(matches!(old.write(&pair, LIMIT).await, Err(FencedWriteError::Unclaimed)), "it has not claimed the right");
    old.claim(LIMIT).await?;
    let written = old.write(&pair, LIMIT).await?;
    assert_eq!(written.iter().map(|position| position.offset).collect::<Vec<_>>(), [0, 1]);

    new.claim(LIMIT).await?;
    let error = old.write(&[KeyValue { key: b"old", value: Some(b"2") }], LIMIT).await.expect_err("fenced");
    ensure!(matches!(error, FencedWriteError::Fenced { .. }), "{error}");
    ensure!(!old.is_claimed().await, "it has lost the right");
    let error = old.write(&pair, LIMIT).await.expect_err("lost");
    ensure!(matches!(error, FencedWriteError::Unclaimed), "{error}");
    let written = new.write(&[KeyValue { key: b"new", value: None }], LIMIT).await?;

    for isolation in ["read_committed", "read_uncommitted"] {
        let reading = Reading::open(bootstrap, &topic.name, 1, isolation).await?;
        timeout(LIMIT, reading.reader.read_until(&written)).await??;
        let expected = [record("target", Some("1")), record("connector", Some("1")), record("new", None)];
        assert_eq!(reading.records(), expected, "{isolation}");
    }
    // The old leader is elected again.
    old.claim(LIMIT).await?;
    old.write(&[KeyValue { key: b"old", value: Some(b"3") }], LIMIT).await?;
    let error = new.write(&pair, LIMIT).await.expect_err("fenced");
    ensure!(matches!(error, FencedWriteError::Fenced { .. }), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_leader_that_does_not_wait_for_its_write_has_to_claim_again() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = topic("ct-cancelled");
    topic.prepare(&*admin(bootstrap)?, LIMIT, PAUSE).await?;
    let id = topics::unique("connect-cluster-cancelled");
    let leader = FencedWriter::new(&topic.name, &id, &properties(bootstrap, &[]), &Connections::default());
    leader.claim(LIMIT).await?;
    let records = [KeyValue { key: b"k", value: Some(b"1") }];
    let is_done = futures_util::FutureExt::now_or_never(leader.write(&records, LIMIT)).is_some();
    ensure!(!is_done, "a commit takes longer");
    ensure!(
        matches!(leader.write(&records, LIMIT).await, Err(FencedWriteError::Unclaimed)),
        "its transaction is not continued"
    );
    leader.claim(LIMIT).await?;
    leader.write(&records, LIMIT).await?;
    let reading = Reading::open(bootstrap, &topic.name, 1, "read_committed").await?;
    let records = reading.to_end().await?;
    assert_eq!(records.last(), Some(&record("k", Some("1"))));
    Ok(())
}

#[tokio::test]
async fn a_topic_that_is_deleted_is_an_error_that_says_so() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = topic("ct-deleted");
    topic.prepare(&*admin(bootstrap)?, LIMIT, PAUSE).await?;
    let reading = Reading::open(bootstrap, &topic.name, 1, "read_uncommitted").await?;
    delete(bootstrap, &topic.name).await?;
    let error = timeout(LIMIT, reading.reader.ended()).await?;
    ensure!(matches!(error, ReadError::Deleted { .. }), "{error}");
    ensure!(error.to_string().contains("was deleted while the worker used it"), "{error}");
    ensure!(timeout(LIMIT, reading.reader.read_to_end()).await?.is_err(), "there is nothing to read");
    assert_eq!(shape(bootstrap, &topic.name)?, None, "no client has created it again");
    Ok(())
}

async fn delete(bootstrap: &str, topic: &str) -> Result<()> {
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new().set("bootstrap.servers", bootstrap).create()?;
    for deleted in admin.delete_topics(&[topic], &AdminOptions::new()).await? {
        deleted.map_err(|(topic, code)| anyhow::anyhow!("{topic}: {code}"))?;
    }
    Ok(())
}

/// A node of its own: others could not use it meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_compacted_topic_is_read_to_its_end_and_a_broker_may_be_away() -> Result<()> {
    let mut node = Kafka::start_set(&[("log.cleaner.backoff.ms", "100"), ("log.initial.task.delay.ms", "100")])?;
    let bootstrap = node.bootstrap();
    let settings = [("segment.ms", "100"), ("min.cleanable.dirty.ratio", "0.001"), ("delete.retention.ms", "1")];
    let settings = settings.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let topic = CompactedTopic { settings: settings.into(), ..topic("ct-compacted") };
    topic.prepare(&*admin(&bootstrap)?, LIMIT, PAUSE).await?;
    let writer = writer(&bootstrap, &topic.name)?;
    let early = Reading::open(&bootstrap, &topic.name, 1, "read_committed").await?;
    write(&writer, &[("a", Some("1")), ("b", Some("1")), ("a", Some("2")), ("b", None)]).await?;
    // The segment is not compacted as long as nothing else is written.
    early.to_end().await?;
    // Each record that is written rolls the segment before it, which is then compacted.
    for attempt in 0.. {
        ensure!(attempt < 1200, "the topic is not compacted");
        write(&writer, &[("c", Some("1"))]).await?;
        let left = topics::read(&bootstrap, &topic.name)?;
        let count = |key: &[u8]| left.iter().filter(|record| record.key.as_deref() == Some(key)).count();
        if count(b"a") == 1 && count(b"b") == 0 {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    let expected = early.to_end().await?;
    ensure!(expected.contains(&record("b", None)) && expected.contains(&record("a", Some("1"))), "it was read before");
    let late = Reading::open(&bootstrap, &topic.name, 1, "read_committed").await?;
    let records = late.to_end().await?;
    ensure!(records.first() == Some(&record("a", Some("2"))) && !records.contains(&record("b", None)), "{records:?}");

    node.stop()?;
    let waiting = tokio::spawn({
        let writer = writer.clone();
        async move { write(&writer, &[("d", Some("1"))]).await }
    });
    let mut reading = Box::pin(late.reader.read_to_end());
    ensure!(timeout(PAUSE * 10, &mut reading).await.is_err(), "nobody says where the topic ends");
    node.resume()?;
    timeout(LIMIT, waiting).await???;
    timeout(LIMIT, reading).await??;
    let records = late.to_end().await?;
    assert_eq!(records.last(), Some(&record("d", Some("1"))), "nothing is lost and nothing is read twice");
    assert_eq!(records.iter().filter(|record| record.0 == "a").count(), 1);
    let end = timeout(PAUSE * 10, early.reader.ended()).await;
    ensure!(end.is_err(), "the readers continue: {end:?}");
    Ok(())
}
