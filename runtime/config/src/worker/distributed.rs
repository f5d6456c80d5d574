//! The keys of a distributed worker, with Kafka Connect's rules and messages (`DistributedConfig`).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use weir_kafka::Properties;
use weir_kafka::admin::{API_TIMEOUT, Admin};
use weir_kafka::compacted::{CompactedTopic, TopicKeys};
use weir_kafka::connection::Connections;
use weir_plugin::ConfigMap;
use weir_storage::cluster::TopicSettings;

use crate::client::{self, ClientSettings, Kind};
use crate::error::Error;
use crate::keys::KeyReader;

const CREATION: &str = "internal.topics.automatic.creation.enable";
const SIGNATURE: &str = "inter.worker.signature.algorithm";
const VERIFICATION: &str = "inter.worker.verification.algorithms";
const GENERATION: &str = "inter.worker.key.generation.algorithm";

/// The algorithms that sign requests between workers. Java compares their names without regard to case.
const ALGORITHMS: [&str; 5] = ["HmacSHA1", "HmacSHA224", "HmacSHA256", "HmacSHA384", "HmacSHA512"];

/// `exactly.once.source.support`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExactlyOnceSupport {
    /// Neither of the following.
    Disabled,
    /// The leader writes in transactions.
    Preparing,
    /// In addition, sources may deliver exactly once.
    Enabled,
}

/// The configuration of a distributed worker, in addition to what all workers have.
#[derive(Debug, Clone)]
pub struct DistributedConfig {
    /// `group.id`: the name of the cluster.
    pub group_id: String,
    /// `config.storage.*`.
    pub config_topic: CompactedTopic,
    /// `offset.storage.*`.
    pub offset_topic: CompactedTopic,
    /// `status.storage.*`.
    pub status_topic: CompactedTopic,
    /// `exactly.once.source.support`.
    pub exactly_once: ExactlyOnceSupport,
    /// `session.timeout.ms`.
    pub session_timeout: Duration,
    /// `heartbeat.interval.ms`.
    pub heartbeat_interval: Duration,
    /// `rebalance.timeout.ms`.
    pub rebalance_timeout: Duration,
    /// `worker.sync.timeout.ms`.
    pub sync_timeout: Duration,
    /// `worker.unsync.backoff.ms`.
    pub unsync_backoff: Duration,
    /// `scheduled.rebalance.max.delay.ms`.
    pub rebalance_max_delay: Duration,
    /// `inter.worker.key.generation.algorithm`.
    pub key_algorithm: String,
    /// `inter.worker.key.size`, in bits; `None` for the algorithm's own size.
    pub key_size: Option<u64>,
    /// `inter.worker.key.ttl.ms`.
    pub key_ttl: Duration,
    /// `inter.worker.signature.algorithm`.
    pub signature_algorithm: String,
    /// `inter.worker.verification.algorithms`.
    pub verification_algorithms: Vec<String>,
    /// One line for each key that has no effect, to be logged at start.
    pub warnings: Vec<String>,
    consumer: Properties,
    producer: Properties,
    /// The beginning of the `client.id` of the clients of internal topics.
    client_id: String,
    api_timeout: Duration,
    retry_backoff: Duration,
}

impl DistributedConfig {
    /// Parses the keys of a worker's file, whose references to config providers are resolved.
    ///
    /// # Errors
    ///
    /// All errors in these keys.
    pub fn parse(originals: &ConfigMap) -> Result<Self, Vec<Error>> {
        let mut reader = KeyReader::worker(originals);
        let group_id = required(&mut reader, "group.id");
        let mut warnings = Vec::new();
        let mut topic = |reader: &mut KeyReader<'_>, kind: &Purpose| internal_topic(reader, kind, &mut warnings);
        let (config_topic, offset_topic, status_topic) =
            (topic(&mut reader, &CONFIG), topic(&mut reader, &OFFSET), topic(&mut reader, &STATUS));
        let exactly_once = match reader.text("exactly.once.source.support").to_lowercase().as_str() {
            "preparing" => ExactlyOnceSupport::Preparing,
            "enabled" => ExactlyOnceSupport::Enabled,
            _ => ExactlyOnceSupport::Disabled,
        };
        check_protocol(&mut reader);
        let (key_algorithm, signature_algorithm, verification_algorithms) = algorithms(&mut reader);
        let clients = Clients::of_worker(originals, &mut reader.errors);
        let config = Self {
            config_topic,
            offset_topic,
            status_topic,
            exactly_once,
            session_timeout: reader.millis("session.timeout.ms"),
            heartbeat_interval: reader.millis("heartbeat.interval.ms"),
            rebalance_timeout: reader.millis("rebalance.timeout.ms"),
            sync_timeout: reader.millis("worker.sync.timeout.ms"),
            unsync_backoff: reader.millis("worker.unsync.backoff.ms"),
            rebalance_max_delay: reader.millis("scheduled.rebalance.max.delay.ms"),
            key_algorithm,
            key_size: reader.optional_number("inter.worker.key.size"),
            key_ttl: reader.millis("inter.worker.key.ttl.ms"),
            signature_algorithm,
            verification_algorithms,
            warnings,
            client_id: match reader.text("client.id") {
                id if id.is_empty() => format!("{group_id}-"),
                id => format!("{group_id}-{id}-"),
            },
            group_id,
            consumer: clients.consumer.properties,
            producer: clients.producer.properties,
            api_timeout: clients.admin.api_timeout.unwrap_or(API_TIMEOUT),
            retry_backoff: clients.admin.number("retry.backoff.ms").map_or(Duration::from_millis(100), millis),
        };
        match reader.errors.is_empty() {
            true => Ok(config),
            false => Err(reader.errors),
        }
    }

    /// The transactional id with which the leader writes to the config topic; `None` if it does not use transactions.
    pub fn transactional_id(&self) -> Option<String> {
        (self.exactly_once != ExactlyOnceSupport::Disabled).then(|| format!("connect-cluster-{}", self.group_id))
    }

    /// Returns the config topic and the settings of its clients.
    pub fn config_settings(&self, admin: Arc<Admin>, connections: &Connections) -> TopicSettings {
        self.settings(&self.config_topic, "configs", true, admin, connections)
    }

    /// Returns the offsets topic and the settings of its clients.
    pub fn offset_settings(&self, admin: Arc<Admin>, connections: &Connections) -> TopicSettings {
        self.settings(&self.offset_topic, "offsets", true, admin, connections)
    }

    /// Returns the status topic and the settings of its clients.
    pub fn status_settings(&self, admin: Arc<Admin>, connections: &Connections) -> TopicSettings {
        self.settings(&self.status_topic, "statuses", false, admin, connections)
    }

    fn settings(
        &self,
        topic: &CompactedTopic,
        client: &str,
        has_transactions: bool,
        admin: Arc<Admin>,
        connections: &Connections,
    ) -> TopicSettings {
        let (mut consumer, mut producer) = (self.consumer.clone(), self.producer.clone());
        for properties in [&mut consumer, &mut producer] {
            properties.insert("client.id".to_owned(), format!("{}{client}", self.client_id));
        }
        // The consumer does not join a group; this is the one that the worker may use.
        consumer.insert("group.id".to_owned(), self.group_id.clone());
        if has_transactions && self.exactly_once == ExactlyOnceSupport::Enabled {
            consumer.insert("isolation.level".to_owned(), "read_committed".to_owned());
        }
        let (limit, pause) = (self.api_timeout, self.retry_backoff);
        TopicSettings {
            topic: topic.clone(),
            consumer,
            producer,
            admin,
            connections: connections.clone(),
            limit,
            pause,
        }
    }
}

/// What distinguishes the three topics.
struct Purpose {
    keys: TopicKeys,
    prefix: &'static str,
    partitions: Option<&'static str>,
    replication_factor: &'static str,
    /// Kafka Connect's message if the name is empty.
    nameless: &'static str,
}

const CONFIG: Purpose = Purpose {
    keys: TopicKeys { name: "config.storage.topic", purpose: "connector configurations", creation: CREATION },
    prefix: "config.storage.",
    partitions: None,
    replication_factor: "config.storage.replication.factor",
    nameless: "Must specify topic for connector configuration.",
};
const OFFSET: Purpose = Purpose {
    keys: TopicKeys { name: "offset.storage.topic", purpose: "source connector offsets", creation: CREATION },
    prefix: "offset.storage.",
    partitions: Some("offset.storage.partitions"),
    replication_factor: "offset.storage.replication.factor",
    nameless: "Offset storage topic must be specified",
};
const STATUS: Purpose = Purpose {
    keys: TopicKeys { name: "status.storage.topic", purpose: "connector and task statuses", creation: CREATION },
    prefix: "status.storage.",
    partitions: Some("status.storage.partitions"),
    replication_factor: "status.storage.replication.factor",
    nameless: "Must specify topic for connector status.",
};

fn internal_topic(reader: &mut KeyReader<'_>, kind: &Purpose, warnings: &mut Vec<String>) -> CompactedTopic {
    let name = required(reader, kind.keys.name);
    if name.is_empty() && reader.config.contains_key(kind.keys.name) {
        reader.errors.push(Error::other(kind.keys.name, kind.nameless));
    }
    let partitions = kind.partitions.and_then(|key| reader.integer(key)).and_then(|number| i32::try_from(number).ok());
    let replicas = reader.integer(kind.replication_factor).and_then(|number| i16::try_from(number).ok());
    let mut settings = BTreeMap::new();
    for (key, value) in reader.config {
        let Some(setting) = key.strip_prefix(kind.prefix) else { continue };
        match setting {
            "topic" | "replication.factor" | "file.filename" => {}
            "partitions" if kind.partitions.is_none() => {
                warnings.push(format!("worker key '{key}' has no effect: the config topic always has one partition"));
            }
            "partitions" => {}
            "cleanup.policy" => {
                warnings.push(format!("worker key '{key}' has no effect: the topic is always compacted"));
            }
            setting => drop(settings.insert(setting.to_owned(), value.clone())),
        }
    }
    CompactedTopic {
        name,
        keys: kind.keys,
        partitions: partitions.unwrap_or(1),
        is_single: kind.partitions.is_none(),
        replication_factor: replicas.unwrap_or(-1),
        settings,
        is_created: reader.flag(CREATION),
    }
}

/// Returns a text that has to be set. A standalone worker does not need it.
fn required(reader: &mut KeyReader<'_>, key: &str) -> String {
    if !reader.config.contains_key(key) {
        reader.errors.push(Error::missing(key));
    }
    reader.text(key)
}

fn check_protocol(reader: &mut KeyReader<'_>) {
    let given = reader.text("connect.protocol");
    let is_known = ["eager", "compatible", "sessioned"].iter().any(|known| known.eq_ignore_ascii_case(&given));
    if !is_known {
        reader.errors.push(Error::invalid("connect.protocol", given, "Invalid Connect protocol compatibility"));
    }
}

/// Returns the algorithms that generate keys, sign requests and verify signatures.
fn algorithms(reader: &mut KeyReader<'_>) -> (String, String, Vec<String>) {
    let (generation, signature) = (reader.text(GENERATION), reader.text(SIGNATURE));
    let verification = reader.list(VERIFICATION);
    if verification.is_empty() {
        let detail = "At least one signature verification algorithm must be provided";
        reader.errors.push(Error::invalid(VERIFICATION, "[]", detail));
    } else if !verification.contains(&signature) {
        let detail = format!("Signature algorithm must be present in {VERIFICATION} list");
        reader.errors.push(Error::invalid(SIGNATURE, &signature, detail));
    }
    let given = [(GENERATION, &generation), (SIGNATURE, &signature)];
    let given = given.into_iter().chain(verification.iter().map(|algorithm| (VERIFICATION, algorithm)));
    for (key, algorithm) in given {
        if !ALGORITHMS.iter().any(|known| known.eq_ignore_ascii_case(algorithm)) {
            let detail = format!(
                "Weir does not support the algorithm; the supported algorithms are: [{}]",
                ALGORITHMS.join(", ")
            );
            reader.errors.push(Error::invalid(key, algorithm, detail));
        }
    }
    (generation, signature, verification)
}

/// The settings of the clients of internal topics.
#[derive(Default)]
struct Clients {
    consumer: ClientSettings,
    producer: ClientSettings,
    admin: ClientSettings,
}

impl Clients {
    fn of_worker(originals: &ConfigMap, errors: &mut Vec<Error>) -> Self {
        let mut settings = |kind| match client::of_internal_topics(kind, originals) {
            Ok(client) => client,
            Err(error) => {
                // A setting that all clients share is invalid for each of them.
                if !errors.contains(&error) {
                    errors.push(error);
                }
                ClientSettings::default()
            }
        };
        Self { consumer: settings(Kind::Consumer), producer: settings(Kind::Producer), admin: settings(Kind::Admin) }
    }
}

fn millis(number: i64) -> Duration {
    Duration::from_millis(u64::try_from(number).unwrap_or(0))
}
