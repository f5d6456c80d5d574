//! Keys of the REST server: listeners and their TLS, access, limits, and headers of responses.

pub mod access;
pub(crate) mod contradictions;
mod cross_origin;
pub(crate) mod group;
mod header_rules;
pub mod host_names;
pub mod listener;
pub mod tls;

pub use cross_origin::CrossOrigin;
pub use header_rules::{HeaderRule, HeaderRuleValue};
