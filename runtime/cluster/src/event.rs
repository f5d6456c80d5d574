//! What a machine is told, and what it asks for.

use std::time::Duration;

use crate::config::{Change, Restart};
use crate::record::{MemberId, Record, Version};
use crate::work::{Generation, Name, Work};

/// The number of a request, by which its response is recognized. It grows with each request of a machine.
pub type Ticket = u64;

/// The tickets of a machine.
#[derive(Debug, Default)]
pub(crate) struct Tickets(Ticket);

impl Tickets {
    /// Returns the next ticket.
    pub(crate) fn draw(&mut self) -> Ticket {
        self.0 += 1;
        self.0
    }

    /// Returns what the next ticket will be.
    pub(crate) fn next(&self) -> Ticket {
        self.0 + 1
    }
}

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// Nothing but time passed. [`Machine::next_step`](crate::Machine::next_step) tells when this event is due.
    Tick,
    /// A rebalance of the group has completed, and this worker is a member with this id.
    Joined {
        /// The id, which is another one if the group had removed the worker.
        member: MemberId,
    },
    /// The client reports that the session was lost. The worker is not a member until the next `Joined`.
    SessionLost,
    /// The partition of the config topic was assigned to this worker, or was revoked or lost.
    LeaderPartition {
        /// Whether it is assigned.
        is_assigned: bool,
    },
    /// A request that only a living session can make succeeded.
    Proven {
        /// The member id with which it was sent.
        member: MemberId,
        /// The time immediately before it was handed to the client, on the clock of [`Machine::step`](crate::Machine::step).
        sent_at: Duration,
    },
    /// Such a request failed, or its result is not known.
    ProofFailed,
    /// The description of the group.
    Described {
        /// The request.
        ticket: Ticket,
        /// The members and the advertised URLs of their workers.
        members: Vec<(MemberId, Name)>,
    },
    /// The group could not be described.
    DescribeFailed {
        /// The request.
        ticket: Ticket,
    },
    /// The next record of the assignment topic.
    Record(Record),
    /// The next record of the assignment topic cannot be read. It is part of an assignment.
    Unreadable {
        /// The member of its key.
        member: MemberId,
        /// The part of its key.
        part: u32,
    },
    /// The next record of the config topic.
    Config {
        /// Its offset.
        offset: i64,
        /// What it means.
        change: Change,
    },
    /// Everything was read that the topics contained when the request was made. The records were given to the machine before.
    ReadToEnd {
        /// The request.
        ticket: Ticket,
    },
    /// The leader's producers are initialized: those of earlier leaders are fenced.
    Claimed {
        /// The request.
        ticket: Ticket,
    },
    /// The leader's producers could not be initialized.
    ClaimFailed {
        /// The request.
        ticket: Ticket,
    },
    /// The records were committed.
    Published {
        /// Their version.
        version: Version,
    },
    /// The leader's producer was fenced, or the result of the transaction is not known.
    PublishFailed {
        /// The version of the records.
        version: Version,
    },
    /// A write to the config topic failed because the leader's producer was fenced, or its result is not known.
    ConfigWriteFailed,
    /// An acknowledgement could not be written.
    AcknowledgeFailed,
    /// A connector or task that was to stop has stopped: it executes nothing and has no request in flight.
    Stopped(Work),
    /// The component of a connector is not on this worker.
    ComponentMissing(Name),
    /// The component of a connector has arrived.
    ComponentArrived(Name),
    /// The worker is to stop its tasks and to leave the group.
    ShutDown,
}

/// Something to do. The actions of a step are carried out in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Stops all connectors and tasks at once, before anything else is done, without waiting for calls, offsets or the network. `Stopped`
    /// is reported for each.
    Abandon,
    /// Stops a connector or task gracefully, or at once if that takes too long. `Stopped` is reported in any case.
    Stop(Work),
    /// Starts a connector or task. It has stopped before if it ran.
    Start {
        /// The connector or task.
        work: Work,
        /// The task configurations of a task; 0 for a connector.
        generation: Generation,
    },
    /// Reports that a connector or task waits for its component.
    AwaitComponent(Work),
    /// Starts the connector's instance again, with its changed configuration, and asks it for task configurations.
    Reconfigure(Name),
    /// Applies the target state to the connector and to those of its tasks that run here.
    ApplyTargetState(Name),
    /// Restarts what runs here of a connector.
    Restart {
        /// The request.
        restart: Restart,
        /// What runs here and is included.
        work: Vec<Work>,
    },
    /// Makes a request that only a living session can make, and reports `Proven` or `ProofFailed`.
    Prove {
        /// The session.
        member: MemberId,
    },
    /// Describes the group.
    Describe {
        /// The request.
        ticket: Ticket,
    },
    /// Reads both topics to the ends that they have when this action is carried out.
    ReadToEnd {
        /// The request.
        ticket: Ticket,
    },
    /// Initializes the leader's transactional producers.
    Claim {
        /// The request.
        ticket: Ticket,
    },
    /// Writes records to the assignment topic in one transaction of the leader's producer.
    Publish {
        /// Their version.
        version: Version,
        /// The records.
        records: Vec<Record>,
    },
    /// Writes an acknowledgement to the assignment topic, with the worker's own producer.
    Acknowledge(Record),
    /// Reports that nothing can be assigned until this member has left the group, because its assignment cannot be read.
    ReportUnreadable {
        /// The member.
        member: MemberId,
    },
    /// Leaves the group and joins it again with a new member id.
    Rejoin,
    /// Leaves the group: everything has stopped.
    Leave,
}
