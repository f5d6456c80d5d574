//! The calls that rdkafka's own do not fit, because each of them costs something for every row. `topic.rs` puts rows into a
//! producer's queue, `rows.rs` takes them out of a consumer's. The only unsafe code of this crate.

mod rows;
mod topic;

pub(crate) use rows::{Row, RowQueue};
pub(super) use topic::{OutgoingMessage, Topic};
