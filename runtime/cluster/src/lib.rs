//! Who runs what in a cluster of workers, and what each worker does next.
//!
//! This crate decides; it performs no I/O and reads no clock. [`Machine`] is the state of one worker. Its [`step`](Machine::step) is told
//! what happened and returns what to do. The same events in the same order give the same actions, so whole clusters are simulated in this
//! crate's tests.
//!
//! # Members and leader
//!
//! All workers join one consumer group, with the group id that Kafka Connect's workers would use, and subscribe to the config topic, which
//! has one partition. Kafka's group coordinator decides which workers are alive. The worker to which the partition is assigned is the
//! leader. A member id stands for one *session*: a worker that loses its session joins again with another member id, and an id that was
//! removed is not used again. The client id of the consumer is the worker's advertised URL, so a description of the group gives the live
//! sessions and their workers.
//!
//! # The assignment topic
//!
//! The leader publishes who runs what in a compacted topic of Weir's own, because the config topic contains only Kafka Connect's records.
//! The topic has one partition, so all workers read the same records in the same order. It contains a record for the leader, for each
//! session what it runs (an [`Assignment`], in several records if it is large), and for each session the version that it has acknowledged.
//!
//! The leader writes with a transactional producer. A worker to which the partition was assigned first *claims* the right to write: it
//! initializes the producers, which fences those of the leader before it, and then reads the topics to their ends. Nothing that the former
//! leader writes can be committed after that, to this topic or to the config topic. What the topics contain is all that a new leader
//! needs; it takes the next epoch. Readers ignore records of lower epochs, which no fenced producer can write. If a write fails, or its
//! result is not known, the leader steps down, and claims again if the partition is still assigned to it. What is committed shows then.
//!
//! # Sessions and leases
//!
//! A worker runs tasks only while it can prove that its session is alive. The proof is an offset commit with its member id: the coordinator
//! accepts it only from a live session, and counts it as a heartbeat. If a commit that was sent at time `s` succeeds, the coordinator
//! received it at `s` or later, and does not expire the session for `session.timeout.ms` after that. The worker's *lease* ends four fifths
//! of the session timeout after `s`, on a clock that counts suspended time. What runs is then stopped at once, before anything else is
//! done, and before the coordinator can expire the session. The last fifth is the time for that; it also covers clocks that run at
//! different rates. A worker whose process was paused, or whose computer was suspended, finds at its first step that the lease has ended.
//! The wall clock is not used.
//!
//! After its lease has ended, a worker starts work only after another proof and after it has then read the topics to their ends. If the
//! session is still the same, and still assigned what it ran, that work starts again. If the client reports another member id, everything
//! that was started in the former session is stopped first.
//!
//! # Hand-over
//!
//! A connector or task moves in two steps. The leader publishes an assignment of the former owner that does not contain it, and remembers
//! in the same record that it was revoked. The former owner stops it and then writes an acknowledgement with the version of the
//! assignment: it runs nothing else and will not start anything else. Only then does the leader give the work to another session. A new
//! leader finds in the topic what was revoked and not yet acknowledged. Acknowledgements are not fenced; a late one names a session and a
//! version and cannot be mistaken for another.
//!
//! A session that ends without acknowledging is over when the coordinator no longer knows it, because its lease ended before. There is one
//! exception: if the coordinator moves to another broker before the rebalance that follows has completed, the new coordinator reads the
//! group as it was before, and knows the session again. Therefore the leader
//!
//! 1. publishes that the session is over,
//! 2. describes the group again, and finds that the session is not in it,
//! 3. proves its own session, so that the description was not that of a broker which has been replaced as the coordinator,
//! 4. and then gives the work to others.
//!
//! A session that is known again after the second step reads the topic to its end before it starts anything, and finds that it is over.
//! Its worker then leaves the group and joins it as another session.
//!
//! # What this guarantees
//!
//! No connector or task runs in two sessions that both can prove to be alive, if
//!
//! - the clock given to [`Machine::step`] counts suspended time, and the rates of two workers' clocks differ by less than a tenth,
//! - an [`Action::Abandon`] is carried out within [`Settings::stop_margin`],
//! - the coordinator removes a session only after its timeout or if the worker leaves, and
//! - transactions and acknowledged writes of the topics are not lost.
//!
//! What remains:
//!
//! - A process that is paused between two instructions continues where it was: requests that a client had already queued may be sent before
//!   the first step finds that the lease has ended. Exactly-once sources are fenced by their transactional ids, and a sink's offset commits
//!   by its consumer group. A source without exactly-once may write records twice, as in Kafka Connect.
//! - A virtual machine that is restored from a snapshot may have a clock that did not count the time in between.
//! - An operator can remove a member from the group by hand. Its worker notices at the next heartbeat, or when it reads that its session is
//!   over, whichever is first.
//! - While no coordinator can be reached for longer than the lease, all workers stop their tasks, since none can tell that it is not the
//!   only one that cannot reach it. They start the same tasks again when the coordinator is back.
//!
//! # Assignment
//!
//! As in Kafka Connect's incremental cooperative rebalancing, what runs and is not affected by a change continues to run:
//!
//! - The numbers of connectors, of tasks, and of both together differ by at most one between workers, with the fewest moves possible.
//! - The work of a lost worker waits `scheduled.rebalance.max.delay.ms` for it, whether it crashed or left. Nothing moves for the sake of
//!   balance meanwhile; new connectors and tasks are assigned at once. Each lost worker has its own delay; in Kafka Connect, a worker that
//!   is lost during another's delay shares the rest of it.
//! - A worker that is back before that, recognized by its advertised URL, gets its own work at once. In Kafka Connect it gets it when the
//!   delay has ended.
//! - The delays begin again with a new leader. A new leader that finds none of the sessions of the topic alive does not wait: the whole
//!   cluster was stopped.
//!
//! New task configurations have a new *generation*, the offset of their commit record. Each worker stops the tasks of the connector as soon
//! as it reads the record. The leader gives out tasks of the new generation, to the same workers, after every task of the old one was
//! acknowledged as stopped, so tasks with old and new configurations never run at the same time.
//!
//! A worker that has not yet read the config topic as far as the leader had reads on before it starts work. Work whose component has not
//! arrived waits for it. Before a task of an exactly-once source starts, the producers of its predecessors are fenced: [`FencingRounds`].
//!
//! # What the caller has to do
//!
//! - Carry out the actions of a step in order, and report what each of them asks for, also if it failed.
//! - Call [`Machine::step`] at [`Machine::next_step`] at the latest, on a thread that nothing blocks.
//! - Use `CLOCK_BOOTTIME`. Read it before the commit is handed to the client: that is `sent_at`.
//! - Send proofs from the thread that polls the consumer, and set its `max.poll.interval.ms` to more than the lease: then a thread that no
//!   longer polls sends no proofs, and the lease ends before the coordinator removes the member for that reason.
//! - Never leave the group before everything has stopped, except for [`Action::Rejoin`], which follows an [`Action::Abandon`].
//! - Give the machine `Joined` before `LeaderPartition`, and the records of a topic in their order.
//! - Report `ReadToEnd` for the ends that the topics had when the action was carried out, after all records before them.
//! - Read the assignment topic with `isolation.level=read_committed`; write acknowledgements with one idempotent producer.

mod balance;
mod config;
mod event;
mod fault;
mod fencing;
mod leader;
mod machine;
mod record;
mod session;
mod settings;
#[cfg(test)]
mod simulation;
mod table;
mod work;
mod worker;

pub use config::{Change, Config, Connector, Restart};
pub use event::{Action, Event, Ticket};
pub use fencing::{FencingAction, FencingOutcome, FencingRounds, FencingStep, Request, RoundNumber};
pub use machine::Machine;
pub use record::{
    Assignment, DecodeError, LeaderRecord, MemberId, Part, Record, Revoked, Version, decode, encode, part_of_key,
};
pub use settings::Settings;
pub use table::Table;
pub use work::{Generation, Name, Tasks, Work, WorkSet};
