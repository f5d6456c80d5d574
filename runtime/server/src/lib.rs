//! The Weir worker: runs connectors and transforms that are WebAssembly components, beside a Kafka, behind Kafka Connect's
//! REST API. `ARCHITECTURE.md` follows a record through these modules.

pub mod check;
pub mod cli;
pub mod version;
pub mod worker;

mod core_dumps;
mod error_text;
mod grants;
mod locks;
mod places;
mod process_limits;
mod reload;
mod stop;

pub mod rest;
