//! The calls that rdkafka's own do not fit, because each of them costs something for every row. `topic.rs` puts rows into a
//! producer's queue, `events.rs` hears what became of them, `rows.rs` takes rows out of a consumer's. The only unsafe code of this crate.

mod events;
mod rows;
mod topic;

pub(in crate::kafka) use events::Events;
pub(crate) use rows::{Row, RowQueue};
pub(super) use topic::{OutgoingMessage, Topic};
