//! A worker's membership in the group of its cluster. All workers of a cluster join one consumer group that subscribes to the config topic,
//! which has one partition. Kafka's group coordinator decides which workers live; the worker that has the partition is the leader.
//!
//! A worker must know for how long other workers consider it alive, also if its process was stopped or its machine slept. librdkafka does
//! not say when a heartbeat was answered. So the worker commits an offset of its group ([`WorkerGroup::prove`]): the coordinator accepts
//! that from a live member only, and the member's session then lasts for the session timeout from that moment, as after a heartbeat. The
//! commit was sent before the coordinator received it, so the session certainly lasts until the session timeout has passed since a time
//! before the commit was sent, as long as the worker's clock counts as fast as the broker's.

mod context;
mod session;

use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_util::sync::CancellationToken;

use self::context::Context;
pub use self::session::ProofError;
use self::session::Session;
use super::connection::Connections;
use super::{Properties, client_config};

/// How long a thread waits for an event before it checks whether it should continue.
const POLL: Duration = Duration::from_millis(100);
/// How long to wait for the answer to a question about the members.
const DESCRIBE: Duration = Duration::from_secs(5);
/// How long to wait for the threads when the worker leaves.
const LEAVE: Duration = Duration::from_secs(10);

/// What a worker joins its group with.
pub struct Options {
    /// The properties of a consumer: connection, `group.id`, `session.timeout.ms`, `heartbeat.interval.ms`, and as `client.id` the worker's
    /// advertised URL, by which other workers find it.
    pub properties: Properties,
    /// The config topic.
    pub topic: String,
}

/// A worker as a member of its group, in one generation of the group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The id that the coordinator has given to this member.
    pub member_id: String,
    /// The generation of the group.
    pub generation: i32,
    /// Whether the member has the partition of the config topic, and so is the leader.
    pub leads: bool,
}

/// Something that happened in the group.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// The worker has joined the group, or another worker has joined or left it.
    Joined(Membership),
    /// The worker does not lead the group any more, but is still a member.
    Deposed,
    /// The worker's session has ended. The coordinator considers it dead, and it joins again by itself as a new member.
    Lost,
    /// The group cannot be joined, or its coordinator refuses a request. The client tries again by itself.
    Failed(Failure),
}

/// Why a group cannot be joined.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The group has members of another protocol: workers of Kafka Connect, or another application.
    #[error("the group has members that use another protocol")]
    OtherProtocol,
    /// A broker refuses the client. The text says why, and what to do.
    #[error("{0}")]
    Refused(String),
    /// Any other error.
    #[error("{reason}")]
    Kafka {
        /// The code of the error.
        code: RDKafkaErrorCode,
        /// librdkafka's text.
        reason: String,
    },
}

/// A live member of the group, as other workers see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The id that the coordinator has given to the member.
    pub id: String,
    /// Its `client.id`: a worker of Weir has its advertised URL here.
    pub client_id: String,
    /// The address from which it is connected.
    pub host: String,
}

/// The members of a group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Members {
    /// The type of the members' protocol: `consumer` for Weir, `connect` for Kafka Connect; empty if the group does not exist.
    pub protocol_type: String,
    /// Whether the group is stable: no rebalance is in progress.
    pub is_stable: bool,
    /// The members, sorted by id.
    pub members: Vec<Member>,
}

/// A worker's membership. The worker leaves the group when this is dropped.
pub struct WorkerGroup {
    group: String,
    client: Arc<BaseConsumer<Context>>,
    session: Session,
    events: UnboundedReceiver<Event>,
    stop: CancellationToken,
}

impl WorkerGroup {
    /// Joins the group. Fails only if librdkafka does not accept the properties; everything else is an [`Event`].
    pub fn join(options: Options, connections: &Connections) -> KafkaResult<Self> {
        let Options { mut properties, topic } = options;
        let fixed = [
            ("auto.offset.reset", "latest"),
            ("enable.auto.commit", "false"),
            ("enable.auto.offset.store", "false"),
            ("partition.assignment.strategy", "cooperative-sticky"),
        ];
        properties.extend(fixed.map(|(key, value)| (key.to_owned(), value.to_owned())));
        let group = properties.get("group.id").cloned().unwrap_or_default();
        let (sender, events) = unbounded_channel();
        let context = Context::new(connections.open("consumer", &properties), topic.clone(), sender);
        let client: BaseConsumer<Context> = client_config(&properties).create_with_context(context)?;
        client.subscribe(&[&topic])?;
        let client = Arc::new(client);
        let stop = CancellationToken::new();
        let polled = (Arc::clone(&client), stop.clone());
        let thread = std::thread::Builder::new().name("worker-group".to_owned());
        let no_thread = |_| KafkaError::ClientCreation("cannot start a thread for the group of the worker".to_owned());
        let session = Session::start(Arc::clone(&client), &topic)?.map_err(no_thread)?;
        thread.spawn(move || poll(&polled.0, &polled.1)).map_err(no_thread)?;
        Ok(Self { group, client, session, events, stop })
    }

    /// Returns the next event. Safe to drop.
    pub async fn event(&mut self) -> Event {
        match self.events.recv().await {
            Some(event) => event,
            // Not reachable while `client` holds the sender.
            None => std::future::pending().await,
        }
    }

    /// Proves that the session of this member lasts until the session timeout has passed since the time before the call. Waits for as long
    /// as no coordinator is known; safe to drop. If the session has ended, [`Event::Lost`] says so, too.
    pub async fn prove(&self, member_id: &str) -> Result<(), ProofError> {
        self.session.prove(member_id).await
    }

    /// Asks the coordinator for the members of the group.
    pub async fn members(&self) -> KafkaResult<Members> {
        let (client, group) = (Arc::clone(&self.client), self.group.clone());
        tokio::task::spawn_blocking(move || describe(&client, &group))
            .await
            .unwrap_or(Err(KafkaError::GroupListFetch(RDKafkaErrorCode::Fail)))
    }

    /// Leaves the group: its other members learn about it at once, and not when the session ends.
    pub async fn leave(self) {
        let client = Arc::clone(&self.client);
        drop(self);
        let left = tokio::task::spawn_blocking(move || {
            let began = std::time::Instant::now();
            while Arc::strong_count(&client) > 1 && began.elapsed() < LEAVE {
                std::thread::sleep(Duration::from_millis(10));
            }
            // The last reference leaves the group as it is dropped.
        });
        let _ = left.await;
    }
}

impl Drop for WorkerGroup {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Serves the events of the client until the worker leaves.
fn poll(client: &BaseConsumer<Context>, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        match client.poll(POLL) {
            // The partition is paused as soon as it is assigned; what was fetched before is not needed.
            None | Some(Ok(_)) => {}
            Some(Err(error)) => client.context().failed(client, &error),
        }
    }
}

fn describe(client: &BaseConsumer<Context>, group: &str) -> KafkaResult<Members> {
    let found = client.fetch_group_list(Some(group), DESCRIBE)?;
    let Some(found) = found.groups().iter().find(|found| found.name() == group) else {
        return Ok(Members::default());
    };
    let member = |member: &rdkafka::groups::GroupMemberInfo| Member {
        id: member.id().to_owned(),
        client_id: member.client_id().to_owned(),
        host: member.client_host().trim_start_matches('/').to_owned(),
    };
    let mut members: Vec<_> = found.members().iter().map(member).collect();
    members.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(Members { protocol_type: found.protocol_type().to_owned(), is_stable: found.state() == "Stable", members })
}
