//! Worker keys: the Kafka cluster. The settings of Kafka's clients are in `client/keys`.

use super::super::check::Check;
use super::super::key::{Fallback, Section, Usage};
use super::super::types::Type;
use super::define::key;

use Fallback::{Required, Value};
use Type::{List, String};
use Usage::Used;

pub(super) const SECTION: Section = Section {
    title: "Kafka",
    intro: "As in Kafka Connect, settings of Kafka's Java clients are written in the worker's file: without a prefix for the \
            worker's own clients, and with `producer.`, `consumer.` or `admin.` for the connectors' clients. A connector overrides \
            them with `producer.override.` and so on. [client-settings.md](client-settings.md) lists all of them.",
    keys: &[
        key(
            "bootstrap.servers",
            List,
            Required,
            Used,
            "`host:port` of one or more brokers. The connectors' clients inherit it.",
        )
        .checked(&[Check::NonEmptyList]),
        key("client.dns.lookup", String, Value("use_all_dns_ips"), Used, "How broker host names are resolved.")
            .checked(&[Check::OneOf(&["use_all_dns_ips", "resolve_canonical_bootstrap_servers_only"])]),
        key("client.id", String, Value(""), Used, "Name of the worker's own clients in broker logs."),
    ],
};
