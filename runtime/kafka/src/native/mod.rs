//! Direct calls of librdkafka, the only unsafe code of this crate. Three files replace calls of rdkafka that have a cost for each record:
//! `topic.rs` puts records into a producer's queue, `events.rs` reads their outcomes, `records.rs` takes records from a consumer's queue.
//! `groups.rs`, `membership.rs` and `offsets.rs` have requests that rdkafka does not have.

mod events;
mod groups;
mod membership;
mod offsets;
mod records;
mod topic;

pub(crate) use events::Events;
pub(super) use groups::{Request, request};
pub(super) use membership::membership;
pub(super) use offsets::end_offsets;
pub(crate) use records::Fetched;
pub use records::{FetchedRecord, RecordQueue};
pub(super) use topic::{OutgoingMessage, Topic};
