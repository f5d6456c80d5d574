//! Topics: made, filled and read with a plain Kafka client, so that a test sees what any consumer would see.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow, bail};
use rdkafka::admin::{
    AdminClient, AdminOptions, ConfigSource, NewPartitions, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};

use crate::wait;

/// How long one request to the node may take.
const REQUEST: Duration = Duration::from_secs(20);

/// How long the last rows of a long topic may take.
const FILL: Duration = Duration::from_secs(120);

/// A record as it lies in a topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Record {
    /// The Kafka partition it is read from or goes to.
    pub partition: i32,
    /// None = null.
    pub key: Option<Vec<u8>>,
    /// None = null.
    pub value: Option<Vec<u8>>,
    /// Name and value in their order.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

/// A name for a topic or a connector that no other test run on the same node has; within a run always the same, so that each test
/// needs names of its own.
pub fn unique(name: &str) -> String {
    static RUN: OnceLock<u128> = OnceLock::new();
    let run = RUN.get_or_init(|| SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis()));
    format!("{name}-{run:x}")
}

/// Makes a topic. An error when it exists.
pub fn create(bootstrap: &str, name: &str, partitions: i32) -> Result<()> {
    create_all(bootstrap, &[name], partitions)
}

/// Makes several topics with one request, which is as quick as making one.
pub fn create_all(bootstrap: &str, names: &[&str], partitions: i32) -> Result<()> {
    let topics: Vec<_> = names.iter().map(|name| NewTopic::new(name, partitions, TopicReplication::Fixed(1))).collect();
    make(bootstrap, &topics)
}

/// Makes a topic that has other settings than the node's.
pub fn create_with(bootstrap: &str, name: &str, partitions: i32, settings: &[(&str, &str)]) -> Result<()> {
    let topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
    make(bootstrap, &[settings.iter().fold(topic, |topic, (key, value)| topic.set(key, value))])
}

/// Adds partitions to a topic, up to this number.
pub fn add_partitions(bootstrap: &str, name: &str, partitions: usize) -> Result<()> {
    let admin: AdminClient<DefaultClientContext> = config(bootstrap).create().context("an admin client")?;
    let runtime = tokio::runtime::Builder::new_current_thread().build().context("a runtime")?;
    let options = AdminOptions::new().operation_timeout(Some(REQUEST)).request_timeout(Some(REQUEST));
    let more = NewPartitions::new(name, partitions);
    for result in runtime.block_on(admin.create_partitions(&[more], &options)).context("adding partitions")? {
        if let Err((name, code)) = result {
            bail!("adding partitions to {name}: {code}");
        }
    }
    Ok(())
}

fn make(bootstrap: &str, topics: &[NewTopic<'_>]) -> Result<()> {
    let admin: AdminClient<DefaultClientContext> = config(bootstrap).create().context("an admin client")?;
    let runtime = tokio::runtime::Builder::new_current_thread().build().context("a runtime")?;
    let options = AdminOptions::new().operation_timeout(Some(REQUEST)).request_timeout(Some(REQUEST));
    for result in runtime.block_on(admin.create_topics(topics, &options)).context("creating topics")? {
        if let Err((name, code)) = result {
            bail!("creating topic {name}: {code}");
        }
    }
    // Created is not yet known to the broker's clients.
    let consumer = consumer(bootstrap)?;
    let names: Vec<&str> = topics.iter().map(|topic| topic.name).collect();
    wait::until(&format!("topics {names:?} to have leaders"), REQUEST, || {
        let metadata = consumer.fetch_metadata(None, REQUEST).map_err(|error| error.to_string())?;
        let led = |wanted: &NewTopic<'_>| {
            let name = wanted.name;
            let topic = metadata.topics().iter().find(|topic| topic.name() == name);
            topic.is_some_and(|topic| {
                let led = topic.partitions().iter().filter(|partition| partition.leader() >= 0).count();
                led == wanted.num_partitions as usize
            })
        };
        match topics.iter().find(|topic| !led(topic)).map(|topic| topic.name) {
            None => Ok(()),
            Some(name) => Err(format!("{name} has none yet")),
        }
    })
}

/// Removes topics. An error when one does not exist.
pub fn remove(bootstrap: &str, names: &[&str]) -> Result<()> {
    let admin: AdminClient<DefaultClientContext> = config(bootstrap).create().context("an admin client")?;
    let runtime = tokio::runtime::Builder::new_current_thread().build().context("a runtime")?;
    let options = AdminOptions::new().operation_timeout(Some(REQUEST)).request_timeout(Some(REQUEST));
    for result in runtime.block_on(admin.delete_topics(names, &options)).context("removing topics")? {
        if let Err((name, code)) = result {
            bail!("removing topic {name}: {code}");
        }
    }
    Ok(())
}

/// The names of all topics, Kafka's own included. Also the question whether a node answers at all.
pub fn names(bootstrap: &str) -> Result<Vec<String>> {
    let consumer = consumer(bootstrap)?;
    let metadata = consumer.fetch_metadata(None, Duration::from_secs(2)).context("asking for the topics")?;
    Ok(metadata.topics().iter().map(|topic| topic.name().to_owned()).collect())
}

/// Writes records to a topic and waits until all are acknowledged.
pub fn produce(bootstrap: &str, topic: &str, records: &[Record]) -> Result<()> {
    let producer: BaseProducer = config(bootstrap).set("acks", "all").create().context("a producer")?;
    for record in records {
        let mut headers = OwnedHeaders::new();
        for (key, value) in &record.headers {
            headers = headers.insert(Header { key, value: value.as_deref() });
        }
        let mut row: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(topic).partition(record.partition).headers(headers);
        row.key = record.key.as_deref();
        row.payload = record.value.as_deref();
        producer.send(row).map_err(|(error, _)| error).with_context(|| format!("producing to {topic}"))?;
        producer.poll(Duration::ZERO);
    }
    producer.flush(REQUEST).with_context(|| format!("producing to {topic}"))
}

/// Writes rows without key to a topic, as many as there are, and waits until all are acknowledged. Where they go is left to
/// the client, and so is how they are batched.
pub fn fill<R: AsRef<[u8]>>(bootstrap: &str, topic: &str, rows: impl IntoIterator<Item = R>) -> Result<()> {
    let producer: BaseProducer =
        // As Java's producers are, unless told otherwise.
        config(bootstrap).set("acks", "all").set("enable.idempotence", "true").create().context("a producer")?;
    for row in rows {
        let mut record: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(topic).payload(row.as_ref());
        loop {
            match producer.send(record) {
                Ok(()) => break,
                // Its queue is bounded; some of it goes out now.
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), same)) => {
                    record = same;
                    producer.poll(Duration::from_millis(10));
                }
                Err((error, _)) => return Err(error).with_context(|| format!("producing to {topic}")),
            }
        }
        producer.poll(Duration::ZERO);
    }
    producer.flush(FILL).with_context(|| format!("producing to {topic}"))
}

/// Asks again and again how far a topic and the group that reads it are, with one client.
pub struct Watch {
    consumer: BaseConsumer,
    topic: String,
    partitions: Vec<i32>,
}

impl Watch {
    /// For a topic that exists, and a group that need not.
    pub fn new(bootstrap: &str, topic: &str, group: &str) -> Result<Watch> {
        let consumer: BaseConsumer = config(bootstrap).set("group.id", group).create().context("a consumer")?;
        let partitions = partitions(&consumer, topic)?;
        Ok(Watch { consumer, topic: topic.into(), partitions })
    }

    /// The end offsets, all partitions together.
    pub fn end(&self) -> Result<u64> {
        let mut end = 0;
        for partition in &self.partitions {
            let (_, high) =
                self.consumer.fetch_watermarks(&self.topic, *partition, REQUEST).context("asking for offsets")?;
            end += u64::try_from(high).unwrap_or_default();
        }
        Ok(end)
    }

    /// The offsets that the group has committed, all partitions together.
    pub fn committed(&self) -> Result<u64> {
        let mut list = TopicPartitionList::new();
        for partition in &self.partitions {
            list.add_partition(&self.topic, *partition);
        }
        let committed = self.consumer.committed_offsets(list, REQUEST).context("asking for the group's offsets")?;
        let offsets = committed.elements().into_iter().map(|element| element.offset().to_raw().unwrap_or_default());
        Ok(offsets.map(|offset| u64::try_from(offset).unwrap_or_default()).sum())
    }
}

/// The number of records in a topic; 0 when it does not exist.
pub fn count(bootstrap: &str, topic: &str) -> Result<u64> {
    let consumer = consumer(bootstrap)?;
    let mut count = 0;
    for partition in partitions(&consumer, topic)? {
        let (low, high) = consumer.fetch_watermarks(topic, partition, REQUEST).context("asking for offsets")?;
        count += u64::try_from(high - low).unwrap_or_default();
    }
    Ok(count)
}

/// What a topic is like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Its partitions.
    pub partitions: usize,
    /// The replicas of each.
    pub replicas: usize,
    /// The settings that it was given itself.
    pub configs: BTreeMap<String, String>,
}

/// What a topic is like; none when it does not exist.
pub fn shape(bootstrap: &str, name: &str) -> Result<Option<Shape>> {
    let consumer = consumer(bootstrap)?;
    // Asked for all topics, because asking for one by name may create it.
    let metadata = consumer.fetch_metadata(None, REQUEST).context("asking for the topics")?;
    let Some(topic) = metadata.topics().iter().find(|found| found.name() == name) else { return Ok(None) };
    let admin: AdminClient<DefaultClientContext> = config(bootstrap).create().context("an admin client")?;
    let runtime = tokio::runtime::Builder::new_current_thread().build().context("a runtime")?;
    let options = AdminOptions::new().request_timeout(Some(REQUEST));
    let described = runtime.block_on(admin.describe_configs([&ResourceSpecifier::Topic(name)], &options));
    let mut configs = BTreeMap::new();
    for resource in described.context("asking for the topic's settings")? {
        let resource = resource.map_err(|code| anyhow!("the settings of {name}: {code}"))?;
        let own = resource.entries.into_iter().filter(|entry| entry.source == ConfigSource::DynamicTopic);
        configs.extend(own.map(|entry| (entry.name, entry.value.unwrap_or_default())));
    }
    let replicas = topic.partitions().iter().map(|partition| partition.replicas().len()).max().unwrap_or_default();
    Ok(Some(Shape { partitions: topic.partitions().len(), replicas, configs }))
}

/// The offsets that a consumer group has committed for a topic, all partitions together.
pub fn committed(bootstrap: &str, group: &str, topic: &str) -> Result<i64> {
    let committed =
        Watch::new(bootstrap, topic, group)?.committed().with_context(|| format!("the offsets of {group}"))?;
    i64::try_from(committed).context("the sum of the offsets")
}

/// The values of a topic's records as text, in order of the partitions and offsets.
pub fn values(bootstrap: &str, topic: &str) -> Result<Vec<String>> {
    let text = |record: Record| String::from_utf8_lossy(&record.value.unwrap_or_default()).into_owned();
    Ok(read(bootstrap, topic)?.into_iter().map(text).collect())
}

/// Waits until a topic has this many records.
pub fn wait_for_count(bootstrap: &str, topic: &str, expected: u64, within: Duration) -> Result<()> {
    wait::until(&format!("{expected} records in {topic}"), within, || match count(bootstrap, topic) {
        Ok(found) if found >= expected => Ok(()),
        Ok(found) => Err(format!("{found} records")),
        Err(error) => Err(format!("{error:#}")),
    })
}

/// All records of a topic, by partition and offset; none when it does not exist.
pub fn read(bootstrap: &str, topic: &str) -> Result<Vec<Record>> {
    let consumer = consumer(bootstrap)?;
    let mut ends = Vec::new();
    let mut list = TopicPartitionList::new();
    for partition in partitions(&consumer, topic)? {
        let (low, high) = consumer.fetch_watermarks(topic, partition, REQUEST).context("asking for offsets")?;
        if low < high {
            ends.push((partition, high));
            list.add_partition_offset(topic, partition, Offset::Beginning).context("a place to read from")?;
        }
    }
    consumer.assign(&list).with_context(|| format!("reading {topic}"))?;
    let mut rows: Vec<(i32, i64, Record)> = Vec::new();
    while !ends.is_empty() {
        let message = match consumer.poll(REQUEST) {
            Some(message) => message.with_context(|| format!("reading {topic}"))?,
            None => bail!("reading {topic}: {} rows, then nothing for {REQUEST:?}, short of {ends:?}", rows.len()),
        };
        let (partition, offset) = (message.partition(), message.offset());
        ends.retain(|(ending, end)| *ending != partition || offset + 1 < *end);
        let headers = message.headers().map(|headers| headers.iter().map(header).collect()).unwrap_or_default();
        let record = Record {
            partition,
            key: message.key().map(<[u8]>::to_vec),
            value: message.payload().map(<[u8]>::to_vec),
            headers,
        };
        rows.push((partition, offset, record));
    }
    rows.sort();
    Ok(rows.into_iter().map(|(_, _, record)| record).collect())
}

fn header(header: Header<'_, &[u8]>) -> (String, Option<Vec<u8>>) {
    (header.key.to_owned(), header.value.map(<[u8]>::to_vec))
}

fn partitions(consumer: &BaseConsumer, topic: &str) -> Result<Vec<i32>> {
    // Asked for all topics, because asking for one by name may create it.
    let metadata = consumer.fetch_metadata(None, REQUEST).context("asking for the topics")?;
    let topic = metadata.topics().iter().find(|found| found.name() == topic);
    Ok(topic.map(|topic| topic.partitions().iter().map(|partition| partition.id()).collect()).unwrap_or_default())
}

fn consumer(bootstrap: &str) -> Result<BaseConsumer> {
    config(bootstrap)
        .set("group.id", "weir-tests-reader")
        .set("enable.auto.commit", "false")
        .set("isolation.level", "read_committed")
        .set("fetch.wait.max.ms", "50")
        .create()
        .context("a consumer")
}

fn config(bootstrap: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    // What a client says about a node that is not up yet is said better by the waiting test.
    config.set("bootstrap.servers", bootstrap).set("log_level", "0");
    config
}
