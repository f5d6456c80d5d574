//! The herder: which connectors there are, what state they are in, and the tasks that run for them.

mod connector;
mod error;
mod keep;
mod offsets;
mod reload;
mod restarts;
pub mod size;
mod snapshot;
mod standalone;
mod state_file;
mod tasks;
mod watch;

pub use error::Error;
pub use snapshot::{ConnectorSnapshot, TaskSnapshot};
pub use standalone::{Herder, Options, Put};
pub use state_file::{Error as StateError, StateFile};
