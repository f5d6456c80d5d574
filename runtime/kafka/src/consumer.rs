//! The consumer of one sink task.
//!
//! librdkafka reports a rebalance and waits for an answer. rdkafka's default answers at once, inside the callback; here the rebalance is
//! queued for the task, which first calls its guest (`pre-commit`, `close`) and then answers.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use parking_lot::Mutex;
use rdkafka::client::ClientContext;
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _, ConsumerContext, RebalanceProtocol, StreamConsumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::Message as _;
use rdkafka::metadata::Metadata;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaRespErr;
use tokio::sync::{Mutex as AsyncMutex, Notify, oneshot};
use tracing::{error, info, warn};
use weir_data::topic_partition::{TopicPartition, TopicPartitionOffset};

use super::connection::{Connection, Connections};
use super::consumer_fault::{ConsumerError, ConsumerFault};
use super::internal_topics::is_internal;
use super::membership::Membership;
use super::native::RecordQueue;
use super::producer::describe;
use super::refusal::refusal;
use super::{Properties, client_config};

/// A change of the task's partitions that waits for the task.
#[derive(Debug)]
pub enum Rebalance {
    /// These are assigned in addition; [`SinkConsumer::accept`] answers.
    Assigned(TopicPartitionList),
    /// These are revoked; [`SinkConsumer::release`] answers.
    Revoked(TopicPartitionList),
    /// These are lost, another member may have them; [`SinkConsumer::release`] answers.
    Lost(TopicPartitionList),
}

/// Receives the events of librdkafka that concern the task.
pub struct Events {
    connection: Arc<Connection>,
    /// librdkafka's text for the error that it returns next.
    reason: Mutex<Option<String>>,
    rebalances: Mutex<VecDeque<Rebalance>>,
    committed: Mutex<Vec<KafkaResult<Vec<TopicPartitionOffset>>>>,
    wake: Notify,
    /// Why a broker refuses this client; `None` if none does.
    refused: Mutex<Option<String>>,
    // While the consumer is being closed, the task takes no rebalances from the queue.
    closing: AtomicBool,
    /// Topics were looked for.
    has_looked: AtomicBool,
    membership: Mutex<Membership>,
}

impl ClientContext for Events {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.connection.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        match refusal(&error, reason) {
            Some(text) => {
                self.refused.lock().get_or_insert(text);
                self.wake.notify_one();
            }
            // Errors that are not about a connection concern the task, which receives them next.
            None if !self.connection.failed(&error, reason) => *self.reason.lock() = Some(reason.to_owned()),
            None => {}
        }
    }

    fn stats_raw(&self, statistics: &[u8]) {
        self.connection.statistics(statistics);
    }
}

impl Events {
    fn new(connection: Arc<Connection>) -> Self {
        Self {
            connection,
            reason: Mutex::default(),
            rebalances: Mutex::default(),
            committed: Mutex::default(),
            wake: Notify::new(),
            refused: Mutex::default(),
            closing: AtomicBool::new(false),
            has_looked: AtomicBool::new(false),
            membership: Mutex::default(),
        }
    }
}

impl ConsumerContext for Events {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, error: RDKafkaRespErr, partitions: &mut TopicPartitionList) {
        let assigned = error == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        let partitions = partitions.clone();
        if self.closing.load(Ordering::Acquire) {
            answer(consumer, &if assigned { Rebalance::Assigned(partitions) } else { Rebalance::Revoked(partitions) });
            return;
        }
        let known = topic_partitions(&partitions);
        let mut membership = self.membership.lock();
        let rebalance = if assigned {
            membership.assigned(known);
            Rebalance::Assigned(partitions)
        } else if consumer.assignment_lost() {
            membership.lost(&known);
            Rebalance::Lost(partitions)
        } else {
            membership.revoked(&known);
            Rebalance::Revoked(partitions)
        };
        drop(membership);
        self.rebalances.lock().push_back(rebalance);
        self.wake.notify_one();
    }
}

fn is_cooperative<C: ConsumerContext>(consumer: &impl rdkafka::consumer::Consumer<C>) -> bool {
    matches!(consumer.rebalance_protocol(), RebalanceProtocol::Cooperative)
}

fn assign<C: ConsumerContext>(
    consumer: &impl rdkafka::consumer::Consumer<C>,
    partitions: &TopicPartitionList,
) -> KafkaResult<()> {
    if is_cooperative(consumer) { consumer.incremental_assign(partitions) } else { consumer.assign(partitions) }
}

fn unassign<C: ConsumerContext>(
    consumer: &impl rdkafka::consumer::Consumer<C>,
    partitions: &TopicPartitionList,
) -> KafkaResult<()> {
    if is_cooperative(consumer) { consumer.incremental_unassign(partitions) } else { consumer.unassign() }
}

/// Answers a rebalance of a consumer that is being closed. librdkafka waits for each answer, and the consumer cannot close before.
/// An assignment is answered with an assignment: librdkafka accepts nothing else, and revokes it again when it closes the consumer.
fn answer<C: ConsumerContext>(consumer: &impl rdkafka::consumer::Consumer<C>, rebalance: &Rebalance) {
    let result = match rebalance {
        Rebalance::Assigned(partitions) => assign(consumer, partitions),
        Rebalance::Revoked(partitions) | Rebalance::Lost(partitions) => unassign(consumer, partitions),
    };
    if let Err(error) = result {
        warn!(%error, ?rebalance, "cannot answer a rebalance while closing the consumer");
    }
}

/// Closes a client, which blocks. From now on its rebalances are answered here.
fn close(client: Arc<StreamConsumer<Events>>) {
    let events = client.context();
    loop {
        // In a statement of its own: the answer may cause the next rebalance, which takes the lock.
        let waiting = events.rebalances.lock().pop_front();
        let Some(rebalance) = waiting else { break };
        answer(&*client, &rebalance);
    }
    drop(client);
}

/// The client of a consumer. It is closed when this is dropped.
struct Client(Option<Arc<StreamConsumer<Events>>>);

impl Client {
    fn get(&self) -> &Arc<StreamConsumer<Events>> {
        // Invariant: it is only taken to be closed.
        self.0.as_ref().expect("the consumer is open")
    }

    /// Takes the client, to close it. From now on, its rebalances are answered while it is closed.
    fn take(&mut self) -> Option<Arc<StreamConsumer<Events>>> {
        let client = self.0.take()?;
        client.context().closing.store(true, Ordering::Release);
        Some(client)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // The task was aborted: leaving the group may take a while, and must not block the runtime's threads.
        if let Some(client) = self.take() {
            std::thread::spawn(move || close(client));
        }
    }
}

/// A consumer in its group.
pub struct SinkConsumer {
    // Above the client: the queue goes first.
    records: RecordQueue,
    client: Client,
    /// Held by the commit that Kafka has not answered.
    committing: Arc<AsyncMutex<()>>,
}

impl SinkConsumer {
    /// Creates the client. It joins its group with [`SinkConsumer::subscribe`].
    pub fn new(properties: &Properties, connections: &Connections) -> Result<Self, KafkaError> {
        let events = Events::new(connections.open("consumer", properties));
        let consumer = StreamConsumer::from_config_and_context(&client_config(properties), events)?;
        let consumer = Arc::new(consumer);
        let records = RecordQueue::new(&consumer);
        Ok(Self { records, client: Client(Some(consumer)), committing: Arc::default() })
    }

    fn client(&self) -> &StreamConsumer<Events> {
        self.client.get()
    }

    /// The client, for a thread that may block.
    fn shared(&self) -> Arc<StreamConsumer<Events>> {
        Arc::clone(self.client.get())
    }

    /// The connections of the client.
    pub fn connection(&self) -> &Arc<Connection> {
        &self.events().connection
    }

    /// The records of the partitions that were accepted.
    pub fn records(&self) -> &RecordQueue {
        &self.records
    }

    /// Serves the events of librdkafka that are not records: rebalances, results of commits, errors. Returns an error when there is one,
    /// otherwise never; it has to be polled repeatedly. Safe to drop.
    pub async fn next_error(&self) -> ConsumerError {
        let mut stream = self.client().stream();
        loop {
            match stream.next().await {
                Some(Err(error)) => return self.described(&error),
                // Records of accepted partitions go to the queue, and others are not delivered. A task that continued would lose it.
                Some(Ok(record)) => {
                    let reason =
                        "record received on the main queue although its partition is forwarded (a bug in Weir)"
                            .to_owned();
                    error!(topic = record.topic(), partition = record.partition(), "{reason}");
                    return ConsumerError { code: RDKafkaErrorCode::State, reason, is_fatal: true };
                }
                None => std::future::pending().await,
            }
        }
    }

    fn described(&self, error: &KafkaError) -> ConsumerError {
        let is_fatal = matches!(error, KafkaError::MessageConsumptionFatal(_));
        let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail);
        let reason = self.events().reason.lock().take().unwrap_or_else(|| describe(error));
        // A fatal error has a cause, which is more specific.
        let cause = (code == RDKafkaErrorCode::Fatal).then(|| self.client().client().fatal_error()).flatten();
        let (code, reason) = cause.unwrap_or((code, reason));
        ConsumerError { code, reason, is_fatal }
    }

    fn events(&self) -> &Events {
        self.client().context()
    }

    /// Joins the group, or changes what it reads. Without any topics, leaves it.
    pub async fn subscribe(&self, topics: Vec<String>) -> KafkaResult<()> {
        let client = self.shared();
        match topics.is_empty() {
            true => self.events().membership.lock().unsubscribed(),
            false => self.events().membership.lock().subscribed(),
        }
        // librdkafka answers on its main thread, which may be busy with many topics for seconds.
        blocking(move || {
            if topics.is_empty() {
                client.unsubscribe();
                return Ok(());
            }
            client.subscribe(&topics.iter().map(String::as_str).collect::<Vec<_>>())
        })
        .await
    }

    /// Returns whether [`SinkConsumer::subscribe`] may change the topics now. While the consumer joins its group for the first time, it may
    /// not: the group would wait for a member that no longer exists until that member's session ends. `wanted` is the time at which the
    /// change became necessary; ten seconds later it is allowed in any case.
    pub fn may_change_topics(&self, wanted: Instant) -> bool {
        self.events().membership.lock().may_change_topics(wanted, Instant::now())
    }

    /// Returns whether a partition of the topic was assigned since the last call of [`SinkConsumer::forget_assigned`], and not revoked.
    pub fn was_assigned(&self, topic: &str) -> bool {
        self.events().membership.lock().has_topic(topic)
    }

    /// Forgets which partitions were assigned. See [`SinkConsumer::was_assigned`].
    pub fn forget_assigned(&self) {
        self.events().membership.lock().forget_partitions();
    }

    /// Starts to look for topics; [`SinkConsumer::event`] returns when the answer is there.
    pub fn look(&self, wanted: Wanted) -> Looking {
        let (answer, looking) = oneshot::channel();
        // Closing the client waits for the response, so the timeout is short if no broker may be reachable.
        let is_first = !self.events().has_looked.swap(true, Ordering::Relaxed);
        let patience = if is_first || self.connection().reason().is_some() { SHORT_LOOK } else { LOOK };
        let client = self.shared();
        tokio::task::spawn_blocking(move || {
            let found = match wanted {
                Wanted::All => all_topics(&client, patience),
                Wanted::Named(names) => existing(&client, names, patience),
            };
            // A task that has ended does not need it any more.
            let _ = answer.send(found);
            client.context().wake.notify_one();
        });
        looking
    }

    /// Returns when a rebalance or the result of a commit waits.
    pub async fn event(&self) {
        self.events().wake.notified().await;
    }

    /// The next rebalance that waits.
    pub fn next_rebalance(&self) -> Option<Rebalance> {
        self.events().rebalances.lock().pop_front()
    }

    /// Results of asynchronous commits since the last call.
    pub fn committed(&self) -> Vec<KafkaResult<Vec<TopicPartitionOffset>>> {
        std::mem::take(&mut *self.events().committed.lock())
    }

    /// Returns why a broker refuses this client, if one does: its certificate cannot be verified, or it does not accept the client's
    /// name or password. [`SinkConsumer::event`] returns when it happens.
    pub fn refused(&self) -> Option<String> {
        self.events().refused.lock().clone()
    }

    /// Accepts assigned partitions. Reading starts at the offset that the list gives for a partition, or else at its committed offset.
    pub async fn accept(&self, partitions: &TopicPartitionList) -> KafkaResult<()> {
        info!(partitions = %names(partitions), "partitions assigned");
        self.records().forward(partitions);
        let (client, partitions) = (self.shared(), partitions.clone());
        // librdkafka's main thread answers, here and below.
        blocking(move || assign(&*client, &partitions)).await
    }

    /// Releases revoked or lost partitions. Then the group continues its rebalance.
    pub async fn release(&self, partitions: &TopicPartitionList) -> KafkaResult<()> {
        info!(partitions = %names(partitions), "partitions revoked");
        let (client, partitions) = (self.shared(), partitions.clone());
        blocking(move || unassign(&*client, &partitions)).await
    }

    /// Commits without waiting. [`SinkConsumer::event`] returns when [`SinkConsumer::committed`] has the result.
    ///
    /// # Errors
    ///
    /// Kafka has not answered the previous commit, or the offsets are not valid.
    ///
    /// librdkafka reports the result of an asynchronous commit only to a callback of its configuration, which rdkafka does not set, because
    /// it uses events. So a thread waits for the result. It is not one of the runtime's threads, because with an unreachable cluster it
    /// waits longer than a worker may take to stop.
    pub fn commit_later(&self, offsets: Vec<TopicPartitionOffset>) -> KafkaResult<()> {
        let list = offset_list(&offsets)?;
        let turn = Arc::clone(&self.committing).try_lock_owned();
        let turn = turn.map_err(|_| KafkaError::ConsumerCommit(RDKafkaErrorCode::InProgress))?;
        let client = self.shared();
        let commit = move || {
            let result = client.commit(&list, CommitMode::Sync).map(|()| offsets);
            let events = client.context();
            events.committed.lock().push(result);
            drop(turn);
            events.wake.notify_one();
        };
        let spawned = std::thread::Builder::new().name("kafka-commit".to_owned()).spawn(commit);
        // The thread cannot be started; the next commit may succeed.
        spawned.map(drop).map_err(|_| KafkaError::ConsumerCommit(RDKafkaErrorCode::Fail))
    }

    /// Returns when no commit is in progress. The result of [`SinkConsumer::commit_later`] is known then.
    pub async fn commit_answered(&self) {
        drop(self.committing.lock().await);
    }

    /// Commits and waits for the answer, on a thread that may block. Waits for its turn for at most `patience`: librdkafka sends a commit
    /// again that Kafka does not accept at once, and the earlier offsets of that one must not replace these.
    pub async fn commit_now(&self, offsets: Vec<TopicPartitionOffset>, patience: Duration) -> KafkaResult<()> {
        let turn = tokio::time::timeout(patience, Arc::clone(&self.committing).lock_owned()).await;
        let turn = turn.map_err(|_| KafkaError::ConsumerCommit(RDKafkaErrorCode::InProgress))?;
        let client = self.shared();
        blocking(move || {
            let _turn = turn;
            client.commit(&offset_list(&offsets)?, CommitMode::Sync)
        })
        .await
    }

    /// Returns the committed offsets of these partitions, without those that have none.
    pub async fn committed_offsets(&self, partitions: &TopicPartitionList) -> KafkaResult<Vec<TopicPartitionOffset>> {
        let (client, partitions) = (self.shared(), partitions.clone());
        blocking(move || {
            let committed = client.committed_offsets(partitions, COMMITTED)?;
            Ok(committed
                .elements()
                .iter()
                .filter_map(|element| match element.offset() {
                    Offset::Offset(offset) => {
                        Some(TopicPartition::new(element.topic(), element.partition()).at(offset))
                    }
                    _ => None,
                })
                .collect())
        })
        .await
    }

    /// Stops the delivery of records of these partitions.
    pub async fn pause(&self, partitions: &[TopicPartition]) -> KafkaResult<()> {
        if partitions.is_empty() {
            return Ok(());
        }
        let (client, partitions) = (self.shared(), list(partitions));
        blocking(move || client.pause(&partitions)).await
    }

    /// Continues the delivery of records of these partitions.
    pub async fn resume(&self, partitions: &[TopicPartition]) -> KafkaResult<()> {
        if partitions.is_empty() {
            return Ok(());
        }
        let (client, partitions) = (self.shared(), list(partitions));
        blocking(move || client.resume(&partitions)).await
    }

    /// Goes to an offset; librdkafka drops records that it already fetched from other offsets. Does not wait.
    pub fn seek(&self, to: &TopicPartitionOffset) -> KafkaResult<()> {
        self.client().seek(&to.topic, to.partition, Offset::Offset(to.offset), Duration::ZERO)
    }

    /// Leaves the group and closes the client. Blocks inside, so it goes to a thread that may.
    pub async fn close(self) {
        let Self { records, mut client, .. } = self;
        drop(records);
        let Some(client) = client.take() else { return };
        let work = move || {
            let began = Instant::now();
            while Arc::strong_count(&client) > 1 && began.elapsed() < LAST_ANSWERS {
                std::thread::sleep(Duration::from_millis(10));
            }
            close(client);
        };
        let _ = tokio::task::spawn_blocking(work).await;
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> KafkaResult<T> + Send + 'static) -> KafkaResult<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(KafkaError::ConsumerCommit(RDKafkaErrorCode::Fail)))
}

/// Topics to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// All of the cluster, sorted, without Kafka's internal ones.
    All,
    /// Those of these topics that exist. Each needs its own request, and with `allow.auto.create.topics=true` a broker may create it.
    Named(Vec<String>),
}

/// The answer of [`SinkConsumer::look`].
pub type Looking = oneshot::Receiver<Result<Vec<String>, ConsumerError>>;

/// How long one request for topics may take.
const LOOK: Duration = Duration::from_secs(10);
/// The same while it is not known that brokers can be reached.
const SHORT_LOOK: Duration = Duration::from_millis(500);
/// How long the request for the committed offsets of assigned partitions may take. The task cannot stop meanwhile, and it continues without
/// them: the client asks for them again before it reads.
const COMMITTED: Duration = Duration::from_secs(2);
/// How long closing a client waits for lookups and commits in progress. librdkafka must not be active when the process ends.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

fn ask(client: &StreamConsumer<Events>, name: Option<&str>, patience: Duration) -> Result<Metadata, ConsumerError> {
    client.fetch_metadata(name, patience).map_err(|error| {
        let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail);
        ConsumerError { code, reason: describe(&error), is_fatal: false }
    })
}

fn all_topics(client: &StreamConsumer<Events>, patience: Duration) -> Result<Vec<String>, ConsumerError> {
    let metadata = ask(client, None, patience)?;
    let names = metadata.topics().iter().map(|topic| topic.name().to_owned());
    // As Java's consumer does for patterns (`exclude.internal.topics`).
    let mut names: Vec<String> = names.filter(|name| !is_internal(name)).collect();
    names.sort();
    Ok(names)
}

fn existing(
    client: &StreamConsumer<Events>,
    names: Vec<String>,
    patience: Duration,
) -> Result<Vec<String>, ConsumerError> {
    let mut found = Vec::new();
    for name in names {
        if client.context().closing.load(Ordering::Acquire) {
            break;
        }
        let metadata = ask(client, Some(&name), patience)?;
        let Some(topic) = metadata.topics().iter().find(|topic| topic.name() == name) else { continue };
        let Some(error) = topic.error() else {
            found.push(name);
            continue;
        };
        // librdkafka also calls a topic unknown if its name is not valid. A topic that is being created exists at the next lookup.
        let code = RDKafkaErrorCode::from(error);
        if ConsumerFault::of(code) != ConsumerFault::Transient {
            let reason = format!("topic {name}: {code}");
            return Err(ConsumerError { code, reason, is_fatal: false });
        }
    }
    Ok(found)
}

/// The partitions of a list.
pub fn topic_partitions(list: &TopicPartitionList) -> Vec<TopicPartition> {
    list.elements().iter().map(|element| TopicPartition::new(element.topic(), element.partition())).collect()
}

/// librdkafka's list of these partitions.
pub(crate) fn list(partitions: &[TopicPartition]) -> TopicPartitionList {
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for TopicPartition { topic, partition } in partitions {
        list.add_partition(topic, *partition);
    }
    list
}

/// librdkafka's list of these offsets.
pub(crate) fn offset_list(offsets: &[TopicPartitionOffset]) -> KafkaResult<TopicPartitionList> {
    let mut list = TopicPartitionList::with_capacity(offsets.len());
    for TopicPartitionOffset { topic, partition, offset } in offsets {
        list.add_partition_offset(topic, *partition, Offset::Offset(*offset))?;
    }
    Ok(list)
}

/// `topic-partition` of each, for the log.
pub fn names(partitions: &TopicPartitionList) -> String {
    let mut by_topic: HashMap<String, Vec<i32>> = HashMap::new();
    for element in partitions.elements() {
        by_topic.entry(element.topic().to_owned()).or_default().push(element.partition());
    }
    let mut names: Vec<String> =
        by_topic.into_iter().map(|(topic, partitions)| format!("{topic}{partitions:?}")).collect();
    names.sort();
    names.join(" ")
}

#[cfg(test)]
mod tests {
    use std::panic::AssertUnwindSafe;

    use super::*;
    use rdkafka::mocking::MockCluster;
    use rdkafka::producer::DefaultProducerContext;
    use rdkafka::types::RDKafkaApiKey;

    const WITHIN: Duration = Duration::from_secs(30);

    type Broker = MockCluster<'static, DefaultProducerContext>;

    fn broker() -> Broker {
        let broker = MockCluster::new(1).expect("a broker");
        for topic in ["a", "b"] {
            broker.create_topic(topic, 2, 1).expect("a topic");
        }
        broker
    }

    fn consumer(broker: &Broker, more: &[(&str, &str)]) -> SinkConsumer {
        let servers = broker.bootstrap_servers();
        let settings = [
            ("bootstrap.servers", servers.as_str()),
            ("group.id", "group"),
            ("session.timeout.ms", "6000"),
            ("heartbeat.interval.ms", "500"),
        ];
        let settings = settings.iter().chain(more).map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        SinkConsumer::new(&settings.collect(), &Connections::default()).expect("the settings are valid")
    }

    #[test]
    fn a_commit_that_is_sent_again_does_not_replace_a_later_one() {
        run(async {
            let broker = broker();
            let consumer = consumer(&broker, &[]);
            subscribe(&consumer, "a").await;
            accept(&consumer).await;
            let partition = TopicPartition::new("a", 0);
            // librdkafka sends the first commit again after a pause, in which the second one could be sent.
            broker.request_errors(
                RDKafkaApiKey::OffsetCommit,
                &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS],
            );
            consumer.commit_later(vec![partition.clone().at(5)]).expect("sent");
            let later = consumer.commit_later(vec![partition.clone().at(7)]).expect_err("one at a time");
            assert_eq!(later.rdkafka_error_code(), Some(RDKafkaErrorCode::InProgress));
            consumer.commit_now(vec![partition.clone().at(9)], WITHIN).await.expect("committed");
            let first: Vec<_> = consumer.committed().into_iter().map(Result::unwrap).collect();
            assert_eq!(first, [vec![partition.clone().at(5)]], "the answer to the first one is known");
            let committed =
                consumer.committed_offsets(&list(std::slice::from_ref(&partition))).await.expect("an answer");
            assert_eq!(committed, [partition.at(9)]);
            consumer.close().await;
        });
    }

    #[test]
    fn a_commit_does_not_wait_for_ever_for_the_one_before_it() {
        run(async {
            let broker = broker();
            let consumer = consumer(&broker, &[]);
            let _unanswered = consumer.committing.lock().await;
            let offsets = vec![TopicPartition::new("a", 0).at(9)];
            let error = consumer.commit_now(offsets, Duration::from_millis(1)).await.expect_err("not its turn");
            assert_eq!(error.rdkafka_error_code(), Some(RDKafkaErrorCode::InProgress));
        });
    }

    /// Serves the consumer until it has a rebalance.
    async fn rebalance(consumer: &SinkConsumer) -> Rebalance {
        let next = async {
            loop {
                if let Some(rebalance) = consumer.next_rebalance() {
                    return rebalance;
                }
                tokio::select! {
                    error = consumer.next_error() => eprintln!("{error:?}"),
                    () = consumer.event() => {}
                }
            }
        };
        tokio::time::timeout(WITHIN, next).await.expect("a rebalance")
    }

    async fn accept(consumer: &SinkConsumer) {
        let Rebalance::Assigned(partitions) = rebalance(consumer).await else {
            panic!("partitions are assigned first")
        };
        consumer.accept(&partitions).await.expect("they can be accepted");
    }

    async fn subscribe(consumer: &SinkConsumer, topic: &str) {
        consumer.subscribe(vec![topic.to_owned()]).await.expect("it can subscribe");
    }

    /// Puts a rebalance back into the queue and closes the consumer.
    async fn close_with(consumer: SinkConsumer, unanswered: Rebalance) -> Result<(), tokio::time::error::Elapsed> {
        consumer.events().rebalances.lock().push_front(unanswered);
        tokio::time::timeout(WITHIN, consumer.close()).await
    }

    /// Runs a test, and does not wait for a thread that hangs.
    fn run(test: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let result = std::panic::catch_unwind(AssertUnwindSafe(|| runtime.block_on(test)));
        runtime.shutdown_background();
        if let Err(panic) = result {
            std::panic::resume_unwind(panic);
        }
    }

    const PROTOCOLS: [&str; 2] = ["range", "cooperative-sticky"];

    #[test]
    fn a_consumer_closes_while_an_assignment_waits_for_its_answer() {
        run(async {
            for protocol in PROTOCOLS {
                let broker = broker();
                let consumer = consumer(&broker, &[("partition.assignment.strategy", protocol)]);
                subscribe(&consumer, "a").await;
                let rebalance = rebalance(&consumer).await;
                assert!(matches!(rebalance, Rebalance::Assigned(_)), "{rebalance:?}");
                close_with(consumer, rebalance).await.expect(protocol);
            }
        });
    }

    #[test]
    fn a_consumer_closes_while_a_revocation_waits_for_its_answer() {
        run(async {
            for protocol in PROTOCOLS {
                let broker = broker();
                let consumer = consumer(&broker, &[("partition.assignment.strategy", protocol)]);
                subscribe(&consumer, "a").await;
                accept(&consumer).await;
                subscribe(&consumer, "b").await;
                let mut rebalance = rebalance(&consumer).await;
                // The cooperative protocol may assign before it revokes.
                while let Rebalance::Assigned(partitions) = &rebalance {
                    consumer.accept(partitions).await.expect("they can be accepted");
                    rebalance = self::rebalance(&consumer).await;
                }
                // Revoked, or lost if the group continued before the consumer asked to join again.
                close_with(consumer, rebalance).await.expect(protocol);
            }
        });
    }

    #[test]
    fn a_consumer_closes_while_lost_partitions_wait_for_an_answer() {
        run(async {
            for protocol in PROTOCOLS {
                let broker = broker();
                let settings = [("partition.assignment.strategy", protocol), ("max.poll.interval.ms", "6000")];
                let consumer = consumer(&broker, &settings);
                subscribe(&consumer, "a").await;
                accept(&consumer).await;
                // It is not served for longer than it may.
                tokio::time::sleep(Duration::from_secs(7)).await;
                let rebalance = rebalance(&consumer).await;
                assert!(matches!(rebalance, Rebalance::Lost(_)), "{rebalance:?}");
                close_with(consumer, rebalance).await.expect(protocol);
            }
        });
    }
}
