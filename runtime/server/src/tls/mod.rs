//! TLS: key and trust stores as Kafka's `ssl.*` keys name them.

pub mod keystore;
