//! Requests about topics: whether one exists, and to create one. A client is shared by all callers that have equal settings at the same
//! time, and closed when the last of them has its answer. Topics are created seldom, and an open client costs connections.
//! `admin/topic_state.rs` has the requests about compacted topics.

mod topic_state;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use rdkafka::admin::{AdminClient, AdminOptions, TopicReplication};
use rdkafka::config::FromClientConfigAndContext as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, Producer as _};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tracing::info;

use super::admin_context::AdminContext;
use super::connection::{Connection, Connections};
use super::{Properties, client_config, dev_broker};

/// How long one request may take: the `default.api.timeout.ms` of Java's admin client.
pub const API_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a thread is held for one attempt to look a topic up. In between, others have their turn.
const LOOK: Duration = Duration::from_millis(500);
/// Pause between two attempts while Kafka does not answer.
const PAUSE: Duration = Duration::from_millis(100);
/// Events that are served after each attempt. A failed connection causes a few.
const EVENTS: usize = 100;
/// Attempts of one client at the same time. Each holds a thread.
const LOOKS: usize = 2;

/// A topic that is to be created. Its text is that of Java's `NewTopic`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTopic {
    /// The name.
    pub name: String,
    /// Partitions; -1 for the broker's default.
    pub partitions: i32,
    /// Replicas of each partition; -1 for the broker's default.
    pub replication_factor: i16,
    /// The topic's settings, such as `cleanup.policy`.
    pub configs: BTreeMap<String, String>,
}

impl fmt::Display for NewTopic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, partitions, replication_factor, configs } = self;
        let configs: Vec<String> = configs.iter().map(|(key, value)| format!("{key}={value}")).collect();
        write!(
            f,
            "(name={name}, numPartitions={partitions}, replicationFactor={replication_factor}, replicasAssignments=null, \
             configs={{{}}})",
            configs.join(", ")
        )
    }
}

/// A topic that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopicDescription {
    /// How many partitions it has.
    pub partitions: usize,
}

/// The result of a request to create a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Creation {
    /// It was created.
    Created,
    /// It existed already: another client was faster.
    Exists,
}

/// Why a request has failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// librdkafka does not accept the settings.
    #[error("cannot create an admin client from the configuration: {0}")]
    Client(KafkaError),
    /// A broker refuses the connection. The text says why, and what to do.
    #[error("Kafka refuses the admin client: {0}")]
    Refused(String),
    /// No answer in time. A retry may help.
    #[error("no answer from Kafka within {} s", API_TIMEOUT.as_secs())]
    TimedOut,
    /// The cluster's answer.
    #[error("{0} ({0:?})")]
    Kafka(RDKafkaErrorCode),
}

impl Error {
    /// The cluster does not let this client do it.
    pub fn is_not_authorized(&self) -> bool {
        use RDKafkaErrorCode::{ClusterAuthorizationFailed, TopicAuthorizationFailed};
        matches!(self, Self::Kafka(TopicAuthorizationFailed | ClusterAuthorizationFailed))
    }
}

/// All admin clients of this worker. Cheap to clone.
#[derive(Clone, Default)]
pub struct Admins {
    open: Arc<Mutex<HashMap<Properties, Weak<Admin>>>>,
    connections: Connections,
}

impl Admins {
    /// Opens none yet. Their connections are counted among these.
    pub fn new(connections: Connections) -> Self {
        Self { open: Arc::default(), connections }
    }

    /// All connections of the worker.
    pub fn connections(&self) -> &Connections {
        &self.connections
    }

    /// Returns the client for these settings: an open one, or a new one. It connects with the first request.
    pub fn get(&self, properties: &Properties) -> Result<Arc<Admin>, Error> {
        let mut open = self.open.lock();
        open.retain(|_, admin| admin.strong_count() > 0);
        if let Some(admin) = open.get(properties).and_then(Weak::upgrade) {
            return Ok(admin);
        }
        let admin = Arc::new(Admin::new(properties, &self.connections)?);
        open.insert(properties.clone(), Arc::downgrade(&admin));
        Ok(admin)
    }
}

/// An admin client. Keep it for as long as there are requests, and no longer.
pub struct Admin {
    properties: Properties,
    /// For queries. It reports its own errors, which rdkafka's admin client does not. `None` while it is being closed.
    queries: Option<Arc<BaseProducer<AdminContext>>>,
    /// For changes; opened with the first.
    changes: Mutex<Option<Arc<AdminClient<AdminContext>>>>,
    turns: Semaphore,
    connection: Arc<Connection>,
}

impl Admin {
    fn new(properties: &Properties, connections: &Connections) -> Result<Self, Error> {
        let connection = connections.open("admin", properties);
        let mut properties = properties.clone();
        // To look a topic up must not create it.
        properties.insert("allow.auto.create.topics".to_owned(), "false".to_owned());
        // The end of a partition is the offset after its last record, whether or not its transaction is complete.
        properties.insert("isolation.level".to_owned(), "read_uncommitted".to_owned());
        let queries =
            BaseProducer::from_config_and_context(&client_config(&properties), AdminContext::new(&connection));
        let queries = Some(Arc::new(queries.map_err(Error::Client)?));
        Ok(Self { properties, queries, changes: Mutex::default(), turns: Semaphore::new(LOOKS), connection })
    }

    /// Looks a topic up; `None` if it does not exist. Does not create it.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] is worth another try. Safe to drop.
    pub async fn describe_topic(&self, name: &str) -> Result<Option<TopicDescription>, Error> {
        let name = name.to_owned();
        self.ask(move |client| look(client, &name)).await
    }

    /// Makes attempts on a thread that may block, until one is answered.
    async fn ask<T: Send + 'static>(
        &self,
        attempt: impl Fn(&BaseProducer<AdminContext>) -> Result<T, Error> + Send + Sync + 'static,
    ) -> Result<T, Error> {
        let deadline = Instant::now() + API_TIMEOUT;
        let attempt = Arc::new(attempt);
        loop {
            let Some(client) = self.queries.clone() else { return Err(Error::TimedOut) };
            let attempt = Arc::clone(&attempt);
            let turn = self.turns.acquire().await;
            let asked = tokio::task::spawn_blocking(move || attempt(&client)).await;
            drop(turn);
            let asked = asked.unwrap_or_else(|error| match error.try_into_panic() {
                // The next attempt would panic again; the caller fails with it.
                Ok(panic) => std::panic::resume_unwind(panic),
                // The worker ends.
                Err(_) => Err(Error::TimedOut),
            });
            match asked {
                Err(Error::TimedOut) if Instant::now() < deadline => tokio::time::sleep(PAUSE).await,
                asked => return asked,
            }
        }
    }

    /// Creates a topic and waits until the cluster's controller has created it. Other brokers know it some moments later.
    pub async fn create_topic(&self, topic: &NewTopic) -> Result<Creation, Error> {
        let bootstrap = self.properties.get("bootstrap.servers").map_or("", String::as_str);
        if let Some(created) = dev_broker::create_topic(bootstrap, topic).await {
            return match created.map_err(failure) {
                Ok(()) => Ok(Creation::Created),
                Err(Error::Kafka(RDKafkaErrorCode::TopicAlreadyExists)) => Ok(Creation::Exists),
                Err(error) => Err(error),
            };
        }
        let client = self.changes()?;
        let replication = TopicReplication::Fixed(i32::from(topic.replication_factor));
        let mut new = rdkafka::admin::NewTopic::new(&topic.name, topic.partitions, replication);
        for (key, value) in &topic.configs {
            new = new.set(key, value);
        }
        let options = AdminOptions::new().request_timeout(Some(API_TIMEOUT)).operation_timeout(Some(API_TIMEOUT));
        let results = client.create_topics([&new], &options).await.map_err(failure)?;
        match results.into_iter().next() {
            Some(Ok(_)) => {
                info!(topic = topic.name, "created a topic");
                Ok(Creation::Created)
            }
            Some(Err((_, RDKafkaErrorCode::TopicAlreadyExists))) => Ok(Creation::Exists),
            Some(Err((_, code))) => Err(failure(KafkaError::AdminOp(code))),
            None => Err(Error::Kafka(RDKafkaErrorCode::BadMessage)),
        }
    }

    fn changes(&self) -> Result<Arc<AdminClient<AdminContext>>, Error> {
        let mut changes = self.changes.lock();
        if let Some(client) = &*changes {
            return Ok(Arc::clone(client));
        }
        let client =
            AdminClient::from_config_and_context(&client_config(&self.properties), AdminContext::new(&self.connection));
        let client = Arc::new(client.map_err(Error::Client)?);
        *changes = Some(Arc::clone(&client));
        Ok(client)
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        // Closing waits for librdkafka's threads, which must not block the runtime's.
        let (queries, changes) = (self.queries.take(), self.changes.get_mut().take());
        std::thread::spawn(move || drop((queries, changes)));
    }
}

/// Makes one attempt to look a topic up, on a thread that may block.
fn look(client: &BaseProducer<AdminContext>, name: &str) -> Result<Option<TopicDescription>, Error> {
    let looked = client.client().fetch_metadata(Some(name), LOOK);
    // Each poll serves one event, and librdkafka's log lines are events too: a refusal comes after some of them.
    (0..EVENTS).for_each(|_| client.poll(Duration::ZERO));
    let metadata = looked.map_err(|error| refused(client).unwrap_or_else(|| failure(error)))?;
    let Some(topic) = metadata.topics().iter().find(|topic| topic.name() == name) else { return Ok(None) };
    match topic.error().map(RDKafkaErrorCode::from) {
        None | Some(RDKafkaErrorCode::NoError) => Ok(Some(TopicDescription { partitions: topic.partitions().len() })),
        Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => Ok(None),
        // The topic is being created: it exists, although its partitions have no leaders yet.
        Some(RDKafkaErrorCode::LeaderNotAvailable) => {
            Ok(Some(TopicDescription { partitions: topic.partitions().len() }))
        }
        Some(code) => Err(failure(KafkaError::MetadataFetch(code))),
    }
}

/// Returns why a broker has refused the client, if one has.
fn refused(client: &BaseProducer<AdminContext>) -> Option<Error> {
    client.context().take_refusal().map(Error::Refused)
}

fn failure(error: KafkaError) -> Error {
    let code = match &error {
        KafkaError::AdminOp(code) => Some(*code),
        error => error.rdkafka_error_code(),
    };
    match code {
        Some(
            RDKafkaErrorCode::OperationTimedOut
            | RDKafkaErrorCode::RequestTimedOut
            | RDKafkaErrorCode::TimedOutQueue
            | RDKafkaErrorCode::BrokerTransportFailure
            | RDKafkaErrorCode::AllBrokersDown
            | RDKafkaErrorCode::Resolve
            | RDKafkaErrorCode::NetworkException,
        ) => Error::TimedOut,
        Some(code) => Error::Kafka(code),
        None => Error::Client(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_topic_reads_as_in_java() {
        let configs = BTreeMap::from([("cleanup.policy".to_owned(), "compact".to_owned())]);
        let topic = NewTopic { name: "t".into(), partitions: 5, replication_factor: -1, configs };
        assert_eq!(
            topic.to_string(),
            "(name=t, numPartitions=5, replicationFactor=-1, replicasAssignments=null, configs={cleanup.policy=compact})"
        );
    }

    #[tokio::test]
    async fn looking_a_topic_up_does_not_create_it() {
        let broker = crate::dev_broker::DevBroker::start().expect("a broker");
        let properties = Properties::from([("bootstrap.servers".to_owned(), broker.bootstrap_servers())]);
        let admins = Admins::default();
        let admin = admins.get(&properties).expect("a client");
        assert!(Arc::ptr_eq(&admin, &admins.get(&properties).expect("a client")), "shared while it is open");
        for _ in 0..2 {
            assert_eq!(admin.describe_topic("t").await.expect("an answer"), None);
        }
    }

    #[tokio::test]
    async fn topics_are_created_at_the_broker_of_this_process() {
        let broker = crate::dev_broker::DevBroker::start().expect("a broker");
        let properties = Properties::from([("bootstrap.servers".to_owned(), broker.bootstrap_servers())]);
        let admin = Admins::default().get(&properties).expect("a client");
        let topic =
            |partitions| NewTopic { name: "t".into(), partitions, replication_factor: 1, configs: BTreeMap::new() };
        assert_eq!(admin.create_topic(&topic(3)).await.expect("created"), Creation::Created);
        assert_eq!(admin.create_topic(&topic(3)).await.expect("there"), Creation::Exists);
        assert_eq!(admin.describe_topic("t").await.expect("an answer"), Some(TopicDescription { partitions: 3 }));
    }

    #[tokio::test]
    async fn a_broker_that_does_not_answer_is_asked_again_and_not_forever() {
        let properties = Properties::from([("bootstrap.servers".to_owned(), "127.0.0.1:1".to_owned())]);
        let admin = Admins::default().get(&properties).expect("a client");
        assert!(matches!(look(admin.queries.as_deref().expect("open"), "t"), Err(Error::TimedOut)));
    }
}
