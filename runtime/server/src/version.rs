//! Version and commit of this build of Weir.

/// Version and commit for the REST API.
pub(crate) const BUILD: weir_rest::Build = weir_rest::Build { version: WEIR, commit: COMMIT };

/// Weir's own version.
pub const WEIR: &str = env!("CARGO_PKG_VERSION");

/// The commit from which Weir was built; `unknown` if it was built outside of a clone or an archive made by git (`build.rs`).
pub const COMMIT: &str = env!("WEIR_COMMIT");

/// Version and commit for `weir --version`.
pub const LINE: &str = concat!(env!("CARGO_PKG_VERSION"), " (commit ", env!("WEIR_COMMIT"), ")");
