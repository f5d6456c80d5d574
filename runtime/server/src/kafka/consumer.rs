//! The consumer of one sink task.
//!
//! librdkafka reports a rebalance and waits until it is told to go on. rdkafka's default tells it at once, inside the callback;
//! here the rebalance is queued for the task, which calls its guest (`pre-commit`, `close`) first and goes on afterwards.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::StreamExt as _;
use parking_lot::Mutex;
use rdkafka::client::ClientContext;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _, ConsumerContext, RebalanceProtocol, StreamConsumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::Message as _;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaRespErr;
use tokio::sync::Notify;
use tracing::{error, info, warn};

use super::native::RowQueue;
use super::refusal::refusal;
use super::{Properties, client_config};

/// A change of the task's partitions that waits for the task.
#[derive(Debug)]
pub enum Rebalance {
    /// These come in addition; [`SinkConsumer::accept`] takes them.
    Assigned(TopicPartitionList),
    /// These are to be given up; [`SinkConsumer::give_up`] does it.
    Revoked(TopicPartitionList),
    /// These are gone already, another member may have them; [`SinkConsumer::give_up`] acknowledges it.
    Lost(TopicPartitionList),
}

/// What Java's consumer leaves out of patterns (`exclude.internal.topics`).
const INTERNAL_TOPICS: [&str; 2] = ["__consumer_offsets", "__transaction_state"];

/// Receives what librdkafka has to say to the task.
#[derive(Default)]
pub struct Events {
    rebalances: Mutex<VecDeque<Rebalance>>,
    committed: Mutex<Vec<KafkaResult<Vec<Position>>>>,
    wake: Notify,
    /// Why a broker refuses this client; none = none does.
    refused: Mutex<Option<String>>,
    // While the consumer is being closed nobody takes rebalances from the queue.
    closing: AtomicBool,
}

impl ClientContext for Events {
    fn error(&self, error: KafkaError, reason: &str) {
        match refusal(&error, reason) {
            Some(text) => {
                self.refused.lock().get_or_insert(text);
                self.wake.notify_one();
            }
            None => warn!(%error, reason, "a Kafka consumer has trouble; it goes on trying"),
        }
    }
}

impl ConsumerContext for Events {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, error: RDKafkaRespErr, partitions: &mut TopicPartitionList) {
        let assigned = error == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        if self.closing.load(Ordering::Acquire) {
            if !assigned && let Err(error) = unassign(consumer, partitions) {
                warn!(%error, "cannot give up partitions while closing");
            }
            return;
        }
        let partitions = partitions.clone();
        self.rebalances.lock().push_back(if assigned {
            Rebalance::Assigned(partitions)
        } else if consumer.assignment_lost() {
            Rebalance::Lost(partitions)
        } else {
            Rebalance::Revoked(partitions)
        });
        self.wake.notify_one();
    }
}

fn is_cooperative<C: ConsumerContext>(consumer: &impl rdkafka::consumer::Consumer<C>) -> bool {
    matches!(consumer.rebalance_protocol(), RebalanceProtocol::Cooperative)
}

fn unassign(consumer: &BaseConsumer<Events>, partitions: &TopicPartitionList) -> KafkaResult<()> {
    if is_cooperative(consumer) { consumer.incremental_unassign(partitions) } else { consumer.unassign() }
}

/// A consumer in its group.
pub struct SinkConsumer {
    // Above the client: the queue goes first.
    rows: Option<RowQueue>,
    inner: Option<Arc<StreamConsumer<Events>>>,
}

/// A partition and an offset in it.
pub type Position = (String, i32, i64);

impl SinkConsumer {
    /// Makes the client. It joins its group with [`SinkConsumer::subscribe`].
    pub fn new(properties: &Properties) -> Result<Self, KafkaError> {
        let consumer = StreamConsumer::from_config_and_context(&client_config(properties), Events::default())?;
        let consumer = Arc::new(consumer);
        Ok(Self { rows: Some(RowQueue::new(&consumer)), inner: Some(consumer) })
    }

    fn client(&self) -> &StreamConsumer<Events> {
        // Invariant: `inner` and `rows` are only taken by `close` and `drop`, after which nobody has `self`.
        self.inner.as_deref().expect("the consumer is open")
    }

    /// The rows of the partitions that were accepted.
    pub(crate) fn rows(&self) -> &RowQueue {
        self.rows.as_ref().expect("the consumer is open")
    }

    /// Serves what librdkafka has to tell that is not a row: rebalances, results of commits, errors. Returns with an error when
    /// there is one, else never; it has to be polled again and again. Safe to drop.
    pub async fn trouble(&self) -> KafkaError {
        let mut stream = self.client().stream();
        loop {
            match stream.next().await {
                Some(Err(error)) => return error,
                // Rows of accepted partitions go to the queue, and others are not delivered. A task that went on would lose it.
                Some(Ok(row)) => {
                    error!(topic = row.topic(), partition = row.partition(), "a row came where none can come");
                    return KafkaError::MessageConsumptionFatal(RDKafkaErrorCode::State);
                }
                None => std::future::pending().await,
            }
        }
    }

    fn events(&self) -> &Events {
        self.client().context()
    }

    /// Joins the group, or changes what it reads. No topics at all = leaves it.
    pub async fn subscribe(&self, topics: Vec<String>) -> KafkaResult<()> {
        let Some(client) = self.inner.clone() else { return Ok(()) };
        // librdkafka answers when its main thread has come around, which may be busy with many topics for seconds.
        blocking(move || {
            if topics.is_empty() {
                client.unsubscribe();
                return Ok(());
            }
            client.subscribe(&topics.iter().map(String::as_str).collect::<Vec<_>>())
        })
        .await
    }

    /// The names of all topics of the cluster, sorted, without Kafka's internal ones.
    pub async fn topics(&self) -> KafkaResult<Vec<String>> {
        let Some(client) = self.inner.clone() else { return Ok(Vec::new()) };
        blocking(move || {
            let metadata = client.fetch_metadata(None, std::time::Duration::from_secs(30))?;
            let names = metadata.topics().iter().map(|topic| topic.name().to_owned());
            let mut names: Vec<String> = names.filter(|name| !INTERNAL_TOPICS.contains(&name.as_str())).collect();
            names.sort();
            Ok(names)
        })
        .await
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
    pub fn committed(&self) -> Vec<KafkaResult<Vec<Position>>> {
        std::mem::take(&mut *self.events().committed.lock())
    }

    /// Why a broker refuses this client, if one does: its certificate cannot be verified, or it does not take the client's name or
    /// password. [`SinkConsumer::event`] returns when it happens.
    pub fn refused(&self) -> Option<String> {
        self.events().refused.lock().clone()
    }

    /// Takes assigned partitions; reading starts at their committed offsets.
    pub fn accept(&self, partitions: &TopicPartitionList) -> KafkaResult<()> {
        info!(partitions = %names(partitions), "partitions assigned");
        self.rows().forward(partitions);
        let client = self.client();
        if is_cooperative(client) { client.incremental_assign(partitions) } else { client.assign(partitions) }
    }

    /// Gives partitions up, after which the group goes on with its rebalance.
    pub fn give_up(&self, partitions: &TopicPartitionList) -> KafkaResult<()> {
        info!(partitions = %names(partitions), "partitions given up");
        let client = self.client();
        if is_cooperative(client) { client.incremental_unassign(partitions) } else { client.unassign() }
    }

    /// Commits without waiting; the result comes through [`SinkConsumer::committed`], and [`SinkConsumer::event`] returns then. To be
    /// called when there is none under way.
    ///
    /// librdkafka tells what became of an asynchronous commit to a callback of its configuration only, which rdkafka does not set: it
    /// asks for events. So a thread waits for the answer. It is not one of the runtime's, because a cluster that is away keeps it
    /// longer than a worker's end may take.
    pub fn commit_later(&self, positions: Vec<Position>) -> KafkaResult<()> {
        let offsets = list(&positions)?;
        let Some(client) = self.inner.clone() else { return Ok(()) };
        let commit = move || {
            let result = client.commit(&offsets, CommitMode::Sync).map(|()| positions);
            let events = client.context();
            events.committed.lock().push(result);
            events.wake.notify_one();
        };
        let spawned = std::thread::Builder::new().name("kafka-commit".to_owned()).spawn(commit);
        // The system has no thread left; the next commit may find one.
        spawned.map(drop).map_err(|_| KafkaError::ConsumerCommit(RDKafkaErrorCode::Fail))
    }

    /// Commits and waits for the answer, on a thread that may block.
    pub async fn commit_now(&self, positions: Vec<Position>) -> KafkaResult<()> {
        let Some(client) = self.inner.clone() else { return Ok(()) };
        blocking(move || client.commit(&list(&positions)?, CommitMode::Sync)).await
    }

    /// The committed offsets of these partitions; those without one are left out.
    pub async fn committed_offsets(&self, partitions: &TopicPartitionList) -> KafkaResult<Vec<Position>> {
        let Some(client) = self.inner.clone() else { return Ok(Vec::new()) };
        let partitions = partitions.clone();
        blocking(move || {
            let committed = client.committed_offsets(partitions, std::time::Duration::from_secs(10))?;
            Ok(committed
                .elements()
                .iter()
                .filter_map(|element| match element.offset() {
                    Offset::Offset(offset) => Some((element.topic().to_owned(), element.partition(), offset)),
                    _ => None,
                })
                .collect())
        })
        .await
    }

    /// Stops and starts the flow of rows of these partitions.
    pub fn set_paused(&self, partitions: &TopicPartitionList, paused: bool) -> KafkaResult<()> {
        if partitions.count() == 0 {
            return Ok(());
        }
        if paused { self.client().pause(partitions) } else { self.client().resume(partitions) }
    }

    /// Goes to an offset; rows already fetched from elsewhere are dropped by librdkafka. Does not wait.
    pub fn seek(&self, position: &Position) -> KafkaResult<()> {
        let (topic, partition, offset) = position;
        self.client().seek(topic, *partition, Offset::Offset(*offset), std::time::Duration::ZERO)
    }

    /// Leaves the group and closes the client. Blocks inside, so it goes to a thread that may.
    pub async fn close(mut self) {
        let rows = self.rows.take();
        if let Some(client) = self.inner.take() {
            drop(rows);
            client.context().closing.store(true, Ordering::Release);
            let _ = tokio::task::spawn_blocking(move || drop(client)).await;
        }
    }
}

impl Drop for SinkConsumer {
    fn drop(&mut self) {
        // A task that was cut off: leaving the group may take a while, and must not hold up the runtime's threads.
        let rows = self.rows.take();
        if let Some(client) = self.inner.take() {
            drop(rows);
            client.context().closing.store(true, Ordering::Release);
            std::thread::spawn(move || drop(client));
        }
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> KafkaResult<T> + Send + 'static) -> KafkaResult<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(KafkaError::ConsumerCommit(RDKafkaErrorCode::Fail)))
}

/// A list of these positions.
pub fn list(positions: &[Position]) -> KafkaResult<TopicPartitionList> {
    let mut list = TopicPartitionList::with_capacity(positions.len());
    for (topic, partition, offset) in positions {
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
