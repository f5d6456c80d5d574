//! The plugins of this worker: what is in the folders of `plugin.path`, and what was uploaded.

mod lookup;
mod registry;
mod store;
mod version;

pub use lookup::{FindError, LookupError};
pub use registry::{DeleteError, OpenError, Plugin, Plugins, Stored, UploadError, Uploaded};
