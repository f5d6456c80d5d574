//! Generates `docs/configuration.md` from the tables of keys. A test compares the file with the generated text;
//! `WEIR_BLESS=1 cargo test -p weir-config configuration` rewrites it.

use std::fmt::Write as _;

use super::key::{Fallback, Key, Prefix, Usage};
use super::types::type_name;
use super::{connector, worker};

const INTRO: &str = "\
# Configuration

`weir standalone worker.properties [connector files...]` reads a Java properties file with Kafka Connect's keys; Weir's own keys start \
with `weir.`. Files may be encoded in UTF-8 (Kafka Connect reads them as ISO-8859-1; so does Weir if a file is not valid UTF-8). A key \
that is unknown or has no effect is named in a warning at start; an unknown key that starts with `weir.` is refused. \
`examples/worker.properties` is a complete file. `weir dev` does not need one.

A connector file is a JSON map, a body of `POST /connectors`, or Java properties.

This page is generated from the tables in `runtime/config/src/keys`; a test checks that it is up to date.
";

/// Generates the page.
fn page() -> String {
    let mut page = INTRO.to_owned();
    page.push_str("\n# Worker\n");
    for section in worker::SECTIONS {
        let _ = write!(page, "\n## {}\n", section.title);
        if !section.intro.is_empty() {
            let _ = write!(page, "\n{}\n", section.intro);
        }
        table(&mut page, section.keys);
    }
    page.push_str("\n## Keys by prefix\n");
    prefixes(&mut page, worker::PREFIXES);
    page.push_str("\n# Connectors\n\nIn addition to the plugin's own keys.\n\n## All connectors\n");
    table(&mut page, connector::COMMON);
    prefixes(&mut page, connector::PREFIXES);
    page.push_str("\n## Source connectors\n");
    table(&mut page, connector::SOURCE);
    page.push_str("\n## Sink connectors\n");
    table(&mut page, connector::SINK);
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
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_configuration_page_is_the_one_that_the_tables_give() {
        weir_test_support::bless("docs/configuration.md", &super::page());
    }
}
