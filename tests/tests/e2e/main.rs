//! End-to-end tests: the built `weir` against a real Apache Kafka, and beside Kafka Connect's own worker.
//!
//! Run them with `cargo xtask test`, or by hand with `cargo xtask build --debug && cargo test -p weir-tests`. Without
//! `WEIR_TEST_KAFKA=host:port` the harness starts a node of its own.

mod attack;
mod auto_restart;
mod bisect;
mod client_settings;
mod compression;
mod config_providers;
mod consumer_errors;
mod contract;
mod dead_letters;
mod delivery;
mod delivery_faults;
mod demo;
mod descriptors;
mod first_contact;
mod full_disk;
mod grants;
mod host_memory;
mod hostile;
mod kafka_away;
mod kafka_tls;
mod languages;
mod late_topics;
mod loggers;
mod memory;
mod metrics;
mod neighbour;
mod offsets_rest;
mod oracle;
mod outage;
mod pages;
mod permissions;
mod quick;
mod quotas;
mod rest;
mod rest_oracle;
mod restart;
mod sinks;
mod standalone_state;
mod start;
mod stored_offsets;
mod support;
mod topic_creation;
mod uploads;
mod validation;
mod validation_versions;
mod words;
mod worker_group;
