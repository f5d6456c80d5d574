//! The calls that rdkafka's own do not fit. Three of them because each costs something for every row: `topic.rs` puts rows into a
//! producer's queue, `events.rs` hears what became of them, `rows.rs` takes rows out of a consumer's. `groups.rs` has requests that
//! rdkafka does not have. The only unsafe code of this crate.

mod events;
mod groups;
mod rows;
mod topic;

pub(crate) use events::Events;
pub(super) use groups::{Request, request};
pub use rows::{Row, RowQueue};
pub(super) use topic::{OutgoingMessage, Topic};
