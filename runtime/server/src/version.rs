//! What this worker is: Weir of some version and commit, which behaves as Kafka Connect of some version does.

/// The version of Kafka Connect whose REST API and converters these are. Clients decide by it what they may ask for.
pub const KAFKA_CONNECT: &str = "4.3.1";

/// The commit that Kafka Connect of this version names.
pub const KAFKA_COMMIT: &str = "26b251a451ce941d";

/// Weir's own version.
pub const WEIR: &str = env!("CARGO_PKG_VERSION");

/// The commit that this was built from, `unknown` outside of a clone and of an archive made by git (`build.rs`).
pub const COMMIT: &str = env!("WEIR_COMMIT");

/// Both, for `weir --version`.
pub const LINE: &str = concat!(env!("CARGO_PKG_VERSION"), " (commit ", env!("WEIR_COMMIT"), ")");
