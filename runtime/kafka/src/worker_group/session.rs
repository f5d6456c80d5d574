//! Proves that the worker's session lasts, and notices when it has ended. Proofs wait for the coordinator, on a thread of their own.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::error::{KafkaResult, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use tokio::sync::oneshot;
use tracing::debug;

use super::context::Context;
use crate::native::membership;

/// Why a session was not proven to last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The session has ended, or is that of another member.
    #[error("the session has ended")]
    Ended,
    /// Two earlier requests are not answered yet.
    #[error("earlier requests are not answered yet")]
    Busy,
    /// The coordinator did not accept the commit, for example because a rebalance is in progress. It may accept the next one.
    #[error("{0}")]
    Kafka(RDKafkaErrorCode),
}

struct Request {
    member_id: String,
    answer: oneshot::Sender<Result<(), ProofError>>,
}

/// Requests proofs from the thread. It ends when this is dropped.
pub(super) struct Session(SyncSender<Request>);

impl Session {
    /// Starts the thread. The committed offset is that of the topic's first partition; it has no meaning.
    pub(super) fn start(client: Arc<BaseConsumer<Context>>, topic: &str) -> KafkaResult<std::io::Result<Self>> {
        let mut offset = TopicPartitionList::new();
        offset.add_partition_offset(topic, 0, Offset::Offset(0))?;
        let (requests, received) = sync_channel(1);
        let thread = std::thread::Builder::new().name("worker-session".to_owned());
        Ok(thread.spawn(move || serve(&client, &offset, &received)).map(|_| Self(requests)))
    }

    pub(super) async fn prove(&self, member_id: &str) -> Result<(), ProofError> {
        let (answer, answered) = oneshot::channel();
        match self.0.try_send(Request { member_id: member_id.to_owned(), answer }) {
            Ok(()) => answered.await.unwrap_or(Err(ProofError::Ended)),
            Err(TrySendError::Full(_)) => Err(ProofError::Busy),
            Err(TrySendError::Disconnected(_)) => Err(ProofError::Ended),
        }
    }
}

fn serve(client: &BaseConsumer<Context>, offset: &TopicPartitionList, requests: &Receiver<Request>) {
    while let Ok(Request { member_id, answer }) = requests.recv() {
        // Nobody waits for it any more.
        if !answer.is_closed() {
            let _ = answer.send(prove(client, offset, &member_id));
        }
    }
}

fn prove(client: &BaseConsumer<Context>, offset: &TopicPartitionList, member_id: &str) -> Result<(), ProofError> {
    let is_member = || membership(client).is_some_and(|(now, _)| now == member_id);
    if !is_member() {
        // librdkafka has lost the session, and calls nothing back if the member had no partition.
        client.context().lost(member_id);
        return Err(ProofError::Ended);
    }
    let committed = client.commit(offset, CommitMode::Sync);
    match committed.map_err(|error| error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail)) {
        // A commit that was accepted after the client joined as another member proves nothing about this one.
        Ok(()) if is_member() => Ok(()),
        Ok(()) | Err(RDKafkaErrorCode::UnknownMemberId) => {
            client.context().lost(member_id);
            Err(ProofError::Ended)
        }
        Err(code) => {
            debug!(%code, "the session of the worker was not proven");
            Err(ProofError::Kafka(code))
        }
    }
}
