//! Maven's versions and version ranges, which Kafka Connect uses for plugins (KIP-891).

mod range;
mod version;

pub use range::{RangeError, VersionRange};
pub use version::Version;
