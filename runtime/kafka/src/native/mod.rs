//! The calls that rdkafka's own do not fit. Three of them because each costs something for every record: `topic.rs` puts records into a
//! producer's queue, `events.rs` reads their outcome, `records.rs` takes records out of a consumer's. `groups.rs` has requests
//! that rdkafka does not have. The only unsafe code of this crate.

mod events;
mod groups;
mod records;
mod topic;

pub(crate) use events::Events;
pub(super) use groups::{Request, request};
pub use records::{FetchedRecord, RecordQueue};
pub(super) use topic::{OutgoingMessage, Topic};
