//! Writes `docs/configuration.md` from the tables of keys. A test compares the file with what this writes;
//! `WEIR_BLESS=1 cargo test -p weir configuration` rewrites it.

use std::fmt::Write as _;

use super::client::Kind;
use super::client_keys::{self, Meaning};
use super::connector_keys;
use super::def::type_name;
use super::keys::{self, Fallback, Key, Prefix, Usage};

const INTRO: &str = "\
# Configuration

`weir standalone worker.properties [connector files...]` reads a Java properties file with Kafka Connect's keys; Weir's own begin \
with `weir.`. Files may be UTF-8 (Kafka Connect reads them as ISO-8859-1; bytes that are not UTF-8 are taken so here too). A key \
that is unknown or has no effect is named in a warning at start. `weir dev` needs no file.

A connector file is a JSON map, a body of `POST /connectors`, or Java properties.

This page is written from the tables in `runtime/server/src/config`, and a test keeps it so.
";

/// The whole page.
pub(super) fn page() -> String {
    let mut page = INTRO.to_owned();
    page.push_str("\n# Worker\n");
    for section in keys::SECTIONS {
        let _ = write!(page, "\n## {}\n", section.title);
        if !section.intro.is_empty() {
            let _ = write!(page, "\n{}\n", section.intro);
        }
        table(&mut page, section.keys);
    }
    page.push_str("\n## Keys by prefix\n");
    prefixes(&mut page, keys::PREFIXES);
    page.push_str("\n# Connectors\n\nBeside the keys of the plugin itself.\n\n## All connectors\n");
    table(&mut page, connector_keys::COMMON);
    prefixes(&mut page, connector_keys::PREFIXES);
    page.push_str("\n## Source connectors\n");
    table(&mut page, connector_keys::SOURCE);
    page.push_str("\n## Sink connectors\n");
    table(&mut page, connector_keys::SINK);
    clients(&mut page);
    page
}

fn table(page: &mut String, keys: &[Key]) {
    page.push_str("\n| Key | Type | Default | Meaning |\n| --- | --- | --- | --- |\n");
    for key in keys {
        let default = match key.default {
            Fallback::Required => "required".to_owned(),
            Fallback::Null => "null".to_owned(),
            Fallback::Value("") => "empty".to_owned(),
            Fallback::Value(text) => format!("`{text}`"),
            Fallback::Computed(text) => text.to_owned(),
        };
        let (name, kind, doc, effect) = (key.name, type_name(key.kind), key.doc, effect(key.usage));
        let _ = writeln!(page, "| `{name}` | {kind} | {default} | {doc}{effect} |");
    }
}

fn prefixes(page: &mut String, prefixes: &[Prefix]) {
    page.push_str("\n| Keys that begin with | Meaning |\n| --- | --- |\n");
    for known in prefixes {
        let _ = writeln!(page, "| `{}` | {}{} |", known.prefix, known.doc, effect(known.usage));
    }
}

fn effect(usage: Usage) -> String {
    match usage {
        Usage::Used => String::new(),
        Usage::Ignored(reason) => format!(" *No effect: {reason}.*"),
        Usage::Refused(next) => format!(" *Refused: {next}.*"),
    }
}

fn clients(page: &mut String) {
    page.push_str(
        "\n# Client keys\n\nSettings of Kafka's Java clients, and of librdkafka where Java has none, with what they are to librdkafka. \
         Producers start from `acks=all`, `enable.idempotence=true`, `delivery.timeout.ms=2147483647`, `partitioner=murmur2_random`, \
         `linger.ms=20` (Java's clients have 5) and `sticky.partitioning.linger.ms=40`; a producer that is told `acks=1`, `retries=0` or more than five requests in flight goes \
         without idempotence. Consumers start from `group.id=connect-NAME`, `auto.offset.reset=earliest`, \
         `isolation.level=read_uncommitted`, `allow.auto.create.topics=true`, `check.crcs=true` and `fetch.queue.backoff.ms=20`.\n",
    );
    for (title, keys) in [
        ("All clients", client_keys::COMMON),
        ("Producers", client_keys::own(Kind::Producer)),
        ("Consumers", client_keys::own(Kind::Consumer)),
        ("Admin clients", client_keys::own(Kind::Admin)),
    ] {
        let _ = write!(page, "\n## {title}\n\n| Key | For librdkafka |\n| --- | --- |\n");
        for (name, meaning) in keys {
            let _ = writeln!(page, "| `{name}` | {} |", describe(*meaning));
        }
    }
}

fn describe(meaning: Meaning) -> String {
    match meaning {
        Meaning::Same => "the same".to_owned(),
        Meaning::Named(name) => format!("`{name}`"),
        Meaning::LowerCase => "the same, in lower case".to_owned(),
        Meaning::Kilobytes(name) => format!("`{name}`, in kilobytes"),
        Meaning::SystemDefaultBelowZero(name) => format!("`{name}`; -1 is 0"),
        Meaning::Protocol => {
            "the same, in lower case. *`SSL` and `SASL_SSL` are refused: this build has no TLS.*".to_owned()
        }
        Meaning::OffsetReset => "the same; `none` is `error`".to_owned(),
        Meaning::HostCheck => "the same; empty is `none`".to_owned(),
        Meaning::Assignors => "names instead of classes: `range`, `roundrobin`, `cooperative-sticky`".to_owned(),
        Meaning::Jaas => "`sasl.username` and `sasl.password`, out of a PLAIN or SCRAM login module".to_owned(),
        Meaning::PollRecords => "the sink task follows it itself".to_owned(),
        Meaning::Ignored(reason) => format!("*No effect: {reason}.*"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_configuration_page_is_the_one_that_the_tables_give() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
        let page = super::page();
        if std::env::var_os("WEIR_BLESS").is_some() {
            std::fs::write(path, &page).expect("docs/configuration.md can be written");
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            written == page,
            "docs/configuration.md is out of date; run: WEIR_BLESS=1 cargo test -p weir configuration"
        );
    }
}
