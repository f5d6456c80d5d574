//! The harness of the end-to-end tests in `tests/e2e`: it starts Apache Kafka, Kafka Connect and the built `weir` binary, talks
//! to them as a user does, and waits for what has to happen.
//!
//! - [`jars`] fetches Kafka once with Maven, [`kafka`] runs one node, [`connect`] Kafka Connect's own standalone worker.
//! - [`worker`] runs `weir standalone`, [`rest`] speaks the REST API that both workers have,
//!   [`http`] sends what no proper client would.
//! - [`usage`] is what a process has at a moment: memory, threads, descriptors.
//! - [`topics`] makes, fills and reads topics, [`lines`] makes and checks text files.
//! - [`wait`] is how anything is waited for: a question asked again until a deadline, never a sleep.
//!
//! Environment variables, all optional: `WEIR_TEST_KAFKA=host:port` is a node that runs already, `WEIR_BIN` the server to test,
//! `WEIR_TEST_KILLS` how often the kill loop kills, `WEIR_TEST_HOSTILE` a part of the names of the hostile cases to run,
//! `WEIR_TEST_ATTACK` how many seconds the attack takes, `WEIR_TEST_SEED` its seed.
//!
//! Nothing here knows what a test is about, and nothing here uses a crate of Weir: the tests see what a user sees.

pub mod connect;
pub mod http;
pub mod jars;
pub mod kafka;
pub mod lines;
pub mod paths;
pub mod process;
pub mod rest;
pub mod scrape;
pub mod topics;
pub mod usage;
pub mod wait;
pub mod worker;
