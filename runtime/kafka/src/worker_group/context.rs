//! Receives librdkafka's events of the client that is a member of the group.

use std::sync::Arc;

use parking_lot::Mutex;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaRespErr;
use tokio::sync::mpsc::UnboundedSender;
use tracing::warn;

use super::{Event, Failure, Membership};
use crate::connection::{Connection, is_about_connections};
use crate::native::membership;
use crate::refusal::refusal;

pub(super) struct Context {
    connection: Arc<Connection>,
    topic: String,
    events: UnboundedSender<Event>,
    /// The membership that was reported last.
    reported: Mutex<Option<Membership>>,
    /// librdkafka's text for the error that it returns next.
    reason: Mutex<Option<String>>,
}

impl Context {
    pub(super) fn new(connection: Arc<Connection>, topic: String, events: UnboundedSender<Event>) -> Self {
        Self { connection, topic, events, reported: Mutex::default(), reason: Mutex::default() }
    }

    pub(super) fn report(&self, event: Event) {
        // Nobody waits for events of a worker that leaves.
        let _ = self.events.send(event);
    }

    /// The session of the member has ended. It is reported once.
    pub(super) fn lost(&self, member_id: &str) {
        let mut reported = self.reported.lock();
        if reported.as_ref().is_some_and(|membership| membership.member_id == member_id) {
            *reported = None;
            self.report(Event::Lost);
        }
    }

    /// Reports an error that the client has returned.
    pub(super) fn failed(&self, client: &BaseConsumer<Self>, error: &KafkaError) {
        let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail);
        let reason = self.reason.lock().take().unwrap_or_else(|| error.to_string());
        let cause = (code == RDKafkaErrorCode::Fatal).then(|| client.client().fatal_error()).flatten();
        let (code, reason) = cause.unwrap_or((code, reason));
        match code {
            RDKafkaErrorCode::InconsistentGroupProtocol => self.report(Event::Failed(Failure::OtherProtocol)),
            _ if is_about_connections(code) => {}
            _ => self.report(Event::Failed(Failure::Kafka { code, reason })),
        }
    }

    fn assigned(&self, consumer: &BaseConsumer<Self>, partitions: &TopicPartitionList) -> KafkaResult<()> {
        consumer.incremental_assign(partitions)?;
        if partitions.count() > 0 {
            // The table of the config topic reads it; this client only has it.
            consumer.pause(partitions)?;
        }
        let Some((member_id, generation)) = membership(consumer) else { return Ok(()) };
        let mut reported = self.reported.lock();
        let led = reported.as_ref().is_some_and(|before| before.member_id == member_id && before.leads);
        let leads = led || partitions.elements().iter().any(|partition| partition.topic() == self.topic);
        let now = Membership { member_id, generation, leads };
        *reported = Some(now.clone());
        self.report(Event::Joined(now));
        Ok(())
    }

    fn revoked(&self, consumer: &BaseConsumer<Self>, partitions: &TopicPartitionList) -> KafkaResult<()> {
        let is_lost = consumer.assignment_lost();
        {
            let mut reported = self.reported.lock();
            if is_lost {
                if reported.take().is_some() {
                    self.report(Event::Lost);
                }
            } else if let Some(membership) = reported.as_mut()
                && std::mem::take(&mut membership.leads)
            {
                self.report(Event::Deposed);
            }
        }
        consumer.incremental_unassign(partitions)
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.connection.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        match refusal(&error, reason) {
            Some(text) => self.report(Event::Failed(Failure::Refused(text))),
            None if !self.connection.failed(&error, reason) => *self.reason.lock() = Some(reason.to_owned()),
            None => {}
        }
    }

    fn stats_raw(&self, statistics: &[u8]) {
        self.connection.statistics(statistics);
    }
}

impl ConsumerContext for Context {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, error: RDKafkaRespErr, partitions: &mut TopicPartitionList) {
        let result = if error == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            self.assigned(consumer, partitions)
        } else {
            self.revoked(consumer, partitions)
        };
        if let Err(error) = result {
            warn!(%error, "cannot answer a rebalance of the worker's group");
        }
    }
}
