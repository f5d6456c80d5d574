//! TLS of the REST server's https listeners: `listeners.https.ssl.*`, or `ssl.*` if none of those is set. As in Kafka Connect, the
//! two are not combined: if any prefixed key is set, no unprefixed one applies.

mod cipher_suites;
mod parse;
mod settings;
mod store;

pub use cipher_suites::java_name;
pub use parse::parse;
pub use settings::{ClientAuth, ListenerTls, Version};
pub use store::{Secret, Store};
