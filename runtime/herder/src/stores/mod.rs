//! Where a herder keeps what has to be known beyond its own tasks: which connectors there are ([`ConfigStore`]) and how they are
//! ([`StatusStore`]). Source offsets are stored by `weir_storage::offsets`.

mod config;
mod config_file;
mod status;

pub use config::{ConfigStore, MemoryConfigs, Origin, SaveFuture, StoreError, StoredConnector};
pub use config_file::{ConfigFile, Error as ConfigFileError};
pub use status::{MemoryStatuses, PartStatus, StatusStore, Statuses};
