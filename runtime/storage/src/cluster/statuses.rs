//! The status topic of a cluster (`KafkaStatusBackingStore`). Statuses are written in the background: while Kafka is away, only the latest
//! of each connector and task waits. A status is visible once it was read back from the topic.

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use parking_lot::{Mutex, RwLock};
use tokio::sync::Notify;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{debug, error};
use weir_api::ConnectorTaskId;
use weir_kafka::compacted::{ReadError, TopicHandler, TopicReader, TopicRecord, TopicWriter};

use super::clients::{TopicClients, borrowed};
use super::configs::Error;
use crate::topics::status::{self, Status, StatusState, TopicStatus};
use crate::topics::{NewRecord, ReadRecord};

/// Pause before records that could not be written are tried again.
const PAUSE: Duration = Duration::from_millis(100);
/// A record is not tried again by the producer, because a newer status may replace it meanwhile.
const ONE_ATTEMPT: [(&str, &str); 2] = [("message.send.max.retries", "0"), ("delivery.timeout.ms", "120000")];

/// The status topic.
pub struct StatusTopic {
    reader: TopicReader,
    shared: Arc<Shared>,
    _stop: DropGuard,
}

struct Shared {
    state: RwLock<StatusState>,
    waiting: Mutex<Waiting>,
    wake: Notify,
    /// Notified when everything was written.
    written: Notify,
}

/// What is not written yet.
#[derive(Default)]
struct Waiting {
    /// By key, in the order in which they were added.
    writes: IndexMap<String, Write>,
    /// The generation of the last status. Statuses of another one are not tried again.
    generation: i32,
    /// Whether records are being written.
    is_writing: bool,
}

/// A record that is to be written.
#[derive(Clone)]
struct Write {
    record: NewRecord,
    /// The status that may not replace one of another worker, and where that would be.
    safe: Option<(Part, Status)>,
    /// `None` for used topics, which have none.
    generation: Option<i32>,
}

/// What a status is about.
#[derive(Clone)]
enum Part {
    Connector(String),
    Task(ConnectorTaskId),
}

impl Part {
    fn may_be_replaced(&self, state: &StatusState, new: &Status) -> bool {
        let known = match self {
            Self::Connector(name) => state.connector(name),
            Self::Task(task) => state.task(task),
        };
        known.is_none_or(|known| known.may_be_replaced_by(new))
    }

    fn record(&self, new: &Status) -> NewRecord {
        match self {
            Self::Connector(name) => status::connector_status(name, new),
            Self::Task(task) => status::task_status(task, new),
        }
    }
}

struct Reading(Arc<Shared>);

impl TopicHandler for Reading {
    fn record(&mut self, TopicRecord { offset, key, value, .. }: TopicRecord<'_>) {
        self.0.state.write().apply(ReadRecord { offset, key, value });
    }

    fn caught_up(&mut self) {}
}

impl StatusTopic {
    /// Reads the topic to its end.
    pub async fn open(clients: &TopicClients) -> Result<Self, Error> {
        let shared = Arc::new(Shared {
            state: RwLock::default(),
            waiting: Mutex::default(),
            wake: Notify::new(),
            written: Notify::new(),
        });
        let reader = clients.read(Reading(Arc::clone(&shared))).await?;
        let writer = clients.writer(&ONE_ATTEMPT)?;
        let stop = CancellationToken::new();
        let (stopped, writing) = (stop.clone(), Arc::clone(&shared));
        drop(tokio::spawn(async move {
            tokio::select! {
                () = writing.write_all(&writer) => {}
                () = stopped.cancelled() => {}
            }
        }));
        Ok(Self { reader, shared, _stop: stop.drop_guard() })
    }

    /// Calls `look` with what was read so far.
    pub fn with_state<T>(&self, look: impl FnOnce(&StatusState) -> T) -> T {
        look(&self.shared.state.read())
    }

    /// Stores the status of a connector that is the result of a request.
    pub fn put_connector(&self, connector: &str, status: &Status) {
        self.shared.put(Part::Connector(connector.to_owned()), status, false);
    }

    /// Stores the status of a connector, unless another worker has stored a later one.
    pub fn put_connector_safely(&self, connector: &str, status: &Status) {
        self.shared.put(Part::Connector(connector.to_owned()), status, true);
    }

    /// Stores the status of a task that is the result of a request.
    pub fn put_task(&self, task: &ConnectorTaskId, status: &Status) {
        self.shared.put(Part::Task(task.clone()), status, false);
    }

    /// Stores the status of a task, unless another worker has stored a later one.
    pub fn put_task_safely(&self, task: &ConnectorTaskId, status: &Status) {
        self.shared.put(Part::Task(task.clone()), status, true);
    }

    /// Stores that a connector uses a topic.
    pub fn put_topic(&self, status: &TopicStatus) {
        self.shared.add(status::topic_status(status));
    }

    /// Deletes the status of a connector.
    pub fn remove_connector(&self, connector: &str) {
        self.shared.add(status::remove_connector(connector));
    }

    /// Deletes the status of a task.
    pub fn remove_task(&self, task: &ConnectorTaskId) {
        self.shared.add(status::remove_task(task));
    }

    /// Stores that a connector does not use a topic any more.
    pub fn remove_topic(&self, connector: &str, topic: &str) {
        self.shared.add(status::remove_topic(connector, topic));
    }

    /// Returns when everything that was stored before is written, or was replaced. While Kafka does not answer, waits without a limit.
    pub async fn flush(&self) {
        loop {
            let mut written = std::pin::pin!(self.shared.written.notified());
            written.as_mut().enable();
            {
                let waiting = self.shared.waiting.lock();
                if waiting.writes.is_empty() && !waiting.is_writing {
                    return;
                }
            }
            written.await;
        }
    }

    /// Reads to the end of the topic. The caller limits the time.
    pub async fn read_to_end(&self) -> Result<(), ReadError> {
        self.reader.read_to_end().await
    }

    /// Returns when the topic cannot be read any more.
    pub async fn ended(&self) -> ReadError {
        self.reader.ended().await
    }
}

impl Shared {
    fn put(&self, part: Part, status: &Status, is_safe: bool) {
        if is_safe && !part.may_be_replaced(&self.state.read(), status) {
            self.waiting.lock().generation = status.generation;
            return;
        }
        let record = part.record(status);
        let safe = is_safe.then(|| (part, status.clone()));
        self.enqueue(Write { record, safe, generation: Some(status.generation) });
    }

    fn add(&self, record: NewRecord) {
        self.enqueue(Write { record, safe: None, generation: None });
    }

    fn enqueue(&self, write: Write) {
        let mut waiting = self.waiting.lock();
        waiting.generation = write.generation.unwrap_or(waiting.generation);
        // The order of different keys is that of their last changes.
        waiting.writes.shift_remove(&write.record.key);
        waiting.writes.insert(write.record.key.clone(), write);
        self.wake.notify_one();
    }

    async fn write_all(&self, writer: &TopicWriter) {
        loop {
            self.wake.notified().await;
            loop {
                let writes: Vec<Write> = {
                    let mut waiting = self.waiting.lock();
                    let writes = std::mem::take(&mut waiting.writes);
                    waiting.is_writing = !writes.is_empty();
                    writes.into_values().collect()
                };
                if writes.is_empty() {
                    break;
                }
                self.write(writer, writes).await;
            }
            self.written.notify_waiters();
        }
    }

    async fn write(&self, writer: &TopicWriter, writes: Vec<Write>) {
        let records: Vec<NewRecord> = writes.iter().map(|write| write.record.clone()).collect();
        match writer.write(&borrowed(&records)).await {
            Ok(_) => {}
            Err(cause) if cause.is_retriable() => {
                debug!(%cause, "cannot write statuses; trying again");
                self.retry(writes);
                tokio::time::sleep(PAUSE).await;
            }
            Err(cause) if writes.len() == 1 => error!(key = records[0].key, %cause, "cannot write a status"),
            // One of them is too large, for example. It must not prevent the others.
            Err(_) => {
                for write in writes {
                    Box::pin(self.write(writer, vec![write])).await;
                }
            }
        }
    }

    /// Keeps what could not be written and was not replaced meanwhile.
    fn retry(&self, writes: Vec<Write>) {
        let mut waiting = self.waiting.lock();
        let newer = std::mem::take(&mut waiting.writes);
        let state = self.state.read();
        for write in writes {
            let is_current = write.generation.is_none_or(|generation| generation == waiting.generation);
            let is_safe = write.safe.as_ref().is_none_or(|(part, status)| part.may_be_replaced(&state, status));
            if is_current && is_safe && !newer.contains_key(&write.record.key) {
                waiting.writes.insert(write.record.key.clone(), write);
            }
        }
        waiting.writes.extend(newer);
    }
}
