//! The stores of a herder: configurations and target states ([`ConfigStore`]) and statuses ([`StatusStore`]). Source offsets are stored
//! by `weir_storage::offsets`.

mod config;
mod config_file;
mod status;

pub use config::{ConfigStore, MemoryConfigs, Origin, SaveFuture, StoreError, StoredConnector};
pub use config_file::{ConfigFile, Error as ConfigFileError};
pub use status::{MemoryStatuses, PartStatus, StatusStore, Statuses};
