//! What this worker is: Weir of some version and commit, which behaves as Kafka Connect of some version does.

/// What the REST API says of this build.
pub(crate) const BUILD: weir_rest::Build = weir_rest::Build { version: WEIR, commit: COMMIT };

/// Weir's own version.
pub const WEIR: &str = env!("CARGO_PKG_VERSION");

/// The commit that this was built from, `unknown` outside of a clone and of an archive made by git (`build.rs`).
pub const COMMIT: &str = env!("WEIR_COMMIT");

/// Both, for `weir --version`.
pub const LINE: &str = concat!(env!("CARGO_PKG_VERSION"), " (commit ", env!("WEIR_COMMIT"), ")");
