//! TLS: key and trust stores as Kafka's `ssl.*` keys name them, and the server side of https listeners.

pub(crate) mod elliptic_key;
pub mod keystore;
pub mod server;
pub mod subject;
pub mod validity;
