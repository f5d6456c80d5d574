//! The plugins of this worker: those in the directories of `plugin.path`, those that were uploaded, and those that are built in.

mod alias;
mod built_in;
mod compiler;
mod files;
mod incoming;
mod loading;
mod lookup;
mod plugin;
mod registry;
pub mod shipped;
mod store;

pub use built_in::{BUILT_IN, BUILT_IN_VERSION, BuiltIn};
pub use compiler::{COMPILE_COMMAND, compile};
pub use files::files_on_path;
pub use incoming::Incoming;
pub use lookup::{AnyPlugin, Catalogue, FindError, LookupError, VersionError};
pub use plugin::Plugin;
pub use registry::{DeleteError, LoadedUpload, OpenError, Options, Plugins, Stored, Unloaded, UploadError, Uploaded};
pub use store::Error as StoreError;
pub use weir_java::maven::{RangeError, Version, VersionRange};
