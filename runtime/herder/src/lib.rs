//! The herder: which connectors there are, what state they are in, and what runs for them.
//!
//! `stores` say what is to run and how it is, `executor` runs it on this worker, `restarts` keeps the history of failures, and
//! `standalone` puts them together for a worker that runs everything itself. [`Services`] is what all of them work with.

mod error;
mod executor;
mod herder;
mod offsets;
mod put;
mod restarts;
mod services;
pub mod size;
mod snapshot;
mod standalone;
mod stores;

pub use error::Error;
pub use herder::Herder;
pub use put::Put;
pub use services::{Options, Services};
pub use snapshot::{ConnectorSnapshot, TaskSnapshot};
pub use stores::{
    ConfigFile, ConfigFileError, ConfigStore, MemoryConfigs, MemoryStatuses, Origin, PartStatus, SaveFuture,
    StatusStore, Statuses, StoreError, StoredConnector,
};
