//! The config topic of a cluster (`KafkaConfigBackingStore`). A change is visible once it was read back from the topic.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use weir_api::TargetState;
use weir_kafka::compacted::{
    FencedWriteError, FencedWriter, Position, ReadError, TopicHandler, TopicReader, TopicRecord, TopicWriter,
    WriteError,
};

use super::clients::{TopicClients, borrowed};
use crate::topics::config::{self, ConfigEvent, ConfigState, Properties, RestartRequest, SessionKey};
use crate::topics::{NewRecord, ReadRecord};

/// How long a change may take, including reading it back.
const WRITE: Duration = Duration::from_secs(30);

/// Why a change was not made, or is not known to have been made.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The topic cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The topic cannot be written to.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The worker is not the leader any more, or its transaction failed. It has to claim the right to write again.
    #[error(
        "Failed to write to config topic; this may be due to a transient error and the request can be safely retried\nCaused by: {0}"
    )]
    Privileged(#[from] FencedWriteError),
    /// Kafka did not answer in time. The change may be made later.
    #[error("Kafka did not confirm the change to the config topic within {} s", WRITE.as_secs())]
    TimedOut,
}

/// How leaders write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leadership<'a> {
    /// Like any other worker: `exactly.once.source.support` is disabled. A worker that does not know yet that it is no longer the leader
    /// may write.
    Unfenced,
    /// In transactions with this transactional id.
    Fenced(&'a str),
}

/// The config topic.
pub struct ConfigTopic {
    reader: TopicReader,
    writer: TopicWriter,
    leader: Option<FencedWriter>,
    state: Arc<RwLock<Arc<ConfigState>>>,
}

/// Applies what is read.
struct Reading {
    state: Arc<RwLock<Arc<ConfigState>>>,
    /// Receives changes after the first read.
    events: mpsc::UnboundedSender<ConfigEvent>,
    has_caught_up: bool,
}

impl TopicHandler for Reading {
    fn record(&mut self, TopicRecord { offset, key, value, .. }: TopicRecord<'_>) {
        let event = Arc::make_mut(&mut self.state.write()).apply(ReadRecord { offset, key, value });
        if let Some(event) = event.filter(|_| self.has_caught_up) {
            // The herder has ended.
            let _ = self.events.send(event);
        }
    }

    fn caught_up(&mut self) {
        self.has_caught_up = true;
    }
}

impl ConfigTopic {
    /// Reads the topic to its end. The changes that are read later are also sent to the receiver.
    pub async fn open(
        clients: &TopicClients,
        leadership: Leadership<'_>,
    ) -> Result<(Self, mpsc::UnboundedReceiver<ConfigEvent>), Error> {
        let (events, receiver) = mpsc::unbounded_channel();
        let state = Arc::<RwLock<Arc<ConfigState>>>::default();
        let reading = Reading { state: Arc::clone(&state), events, has_caught_up: false };
        let reader = clients.read(reading).await?;
        let leader = match leadership {
            Leadership::Unfenced => None,
            Leadership::Fenced(id) => {
                let mut producer = clients.producer().clone();
                // As in Kafka Connect, so that brokers' logs and quotas tell the two producers apart.
                producer.entry("client.id".to_owned()).and_modify(|id| id.push_str("-leader"));
                Some(FencedWriter::new(clients.topic(), id, &producer, clients.connections()))
            }
        };
        Ok((Self { reader, writer: clients.writer(&[])?, leader, state }, receiver))
    }

    /// Returns what was read so far. It does not change.
    pub fn snapshot(&self) -> Arc<ConfigState> {
        Arc::clone(&self.state.read())
    }

    /// Reads to the end of the topic, for at most `limit`.
    pub async fn refresh(&self, limit: Duration) -> Result<(), Error> {
        self.read_to_end(Instant::now() + limit).await
    }

    /// Returns when the topic cannot be read any more.
    pub async fn ended(&self) -> ReadError {
        self.reader.ended().await
    }

    /// Claims the right to write as the leader. Has no effect if leaders are not fenced, or if this worker has the right already.
    pub async fn claim(&self, limit: Duration) -> Result<(), Error> {
        match &self.leader {
            Some(leader) => Ok(leader.claim(limit).await?),
            None => Ok(()),
        }
    }

    /// Gives up the right to write as the leader.
    pub async fn release(&self) {
        if let Some(leader) = &self.leader {
            leader.release().await;
        }
    }

    /// Stores a connector, as the leader; and its target state, if one is given.
    pub async fn put_connector(
        &self,
        connector: &str,
        config: &Properties,
        target: Option<TargetState>,
    ) -> Result<(), Error> {
        let target = target.map(|target| config::target_state(connector, target));
        let records: Vec<_> = target.into_iter().chain([config::connector_config(connector, texts(config))]).collect();
        self.change(&records).await
    }

    /// Deletes a connector, as the leader.
    pub async fn remove_connector(&self, connector: &str) -> Result<(), Error> {
        self.change(&config::remove_connector(connector)).await
    }

    /// Stores a set of configurations for the tasks of a connector, as the leader.
    pub async fn put_tasks(&self, connector: &str, configs: &[Properties]) -> Result<(), Error> {
        let deadline = Instant::now() + WRITE;
        // This should be the only writer. A set that another one has begun must not be mixed with this one.
        self.read_to_end(deadline).await?;
        let tasks = (0..).zip(configs);
        let tasks: Vec<_> = tasks.map(|(task, config)| config::task_config(connector, task, texts(config))).collect();
        if !tasks.is_empty() {
            let written = self.write_as_leader(&tasks, deadline).await?;
            self.read_until(&written, deadline).await?;
        }
        let commit = config::commit(connector, u32::try_from(configs.len()).unwrap_or(u32::MAX));
        let written = self.write_as_leader(&[commit], deadline).await?;
        self.read_until(&written, deadline).await
    }

    /// Stores the number of tasks that the next round of fencing has to consider, as the leader.
    pub async fn put_fenced_tasks(&self, connector: &str, tasks: u32) -> Result<(), Error> {
        self.change(&[config::tasks_fencing(connector, tasks)]).await
    }

    /// Stores a session key, as the leader.
    pub async fn put_session_key(&self, key: &SessionKey) -> Result<(), Error> {
        self.change(&[config::session_key(key)]).await
    }

    /// Requests a restart, as the leader.
    pub async fn put_restart(&self, request: &RestartRequest) -> Result<(), Error> {
        self.change(&[config::restart(request)]).await
    }

    /// Stores the target state of a connector. Any worker may do so. The change is visible some moments later.
    pub async fn put_target(&self, connector: &str, target: TargetState) -> Result<(), Error> {
        self.write(&[config::target_state(connector, target)], Instant::now() + WRITE).await.map(drop)
    }

    /// Sets the level of a logger on all workers. Any worker may do so.
    pub async fn put_logger_level(&self, namespace: &str, level: &str) -> Result<(), Error> {
        self.write(&[config::logger_level(namespace, level)], Instant::now() + WRITE).await.map(drop)
    }

    /// Writes records as the leader, and reads them back.
    async fn change(&self, records: &[NewRecord]) -> Result<(), Error> {
        let deadline = Instant::now() + WRITE;
        let written = self.write_as_leader(records, deadline).await?;
        self.read_until(&written, deadline).await
    }

    async fn write_as_leader(&self, records: &[NewRecord], deadline: Instant) -> Result<Vec<Position>, Error> {
        let Some(leader) = &self.leader else { return self.write(records, deadline).await };
        // Not cancelled when the time is over: the producer has a limit of its own, and a transaction must not stay open.
        let limit = deadline.saturating_duration_since(Instant::now());
        Ok(leader.write(&borrowed(records), limit).await?)
    }

    async fn write(&self, records: &[NewRecord], deadline: Instant) -> Result<Vec<Position>, Error> {
        let records = borrowed(records);
        Ok(timeout_at(deadline, self.writer.write(&records)).await.map_err(|_| Error::TimedOut)??)
    }

    async fn read_until(&self, written: &[Position], deadline: Instant) -> Result<(), Error> {
        Ok(timeout_at(deadline, self.reader.read_until(written)).await.map_err(|_| Error::TimedOut)??)
    }

    async fn read_to_end(&self, deadline: Instant) -> Result<(), Error> {
        Ok(timeout_at(deadline, self.reader.read_to_end()).await.map_err(|_| Error::TimedOut)??)
    }
}

fn texts(config: &Properties) -> impl Iterator<Item = (&str, Option<&str>)> {
    config.iter().map(|(name, value)| (name.as_str(), value.as_deref()))
}
