//! The herder: manages connectors, their states, and what runs for them.
//!
//! `stores` keeps target states and statuses, `executor` runs connectors and tasks on this worker, `restarts` keeps the history of
//! failures, and `standalone` combines them for a worker that runs everything itself. All of them use [`Services`].

mod error;
mod error_kind;
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

pub use error::{Error, Purpose};
pub use error_kind::ErrorKind;
pub use herder::Herder;
pub use offsets::{Change as OffsetsChange, OffsetsError, RequestError as OffsetsRequestError};
pub use put::Put;
pub use services::{Options, Services};
pub use snapshot::{ConnectorSnapshot, TaskSnapshot};
pub use stores::{
    ConfigFile, ConfigFileError, ConfigStore, MemoryConfigs, MemoryStatuses, Origin, PartStatus, SaveFuture,
    StatusStore, Statuses, StoreError, StoredConnector,
};
