//! Writes `docs/client-settings.md` from the tables of client settings. A test compares the file with what this writes;
//! `WEIR_BLESS=1 cargo test -p weir client_settings` rewrites it.

use std::fmt::Write as _;

use super::client::Kind;
use super::client_keys::{self, ClientKey, Meaning};

const INTRO: &str = "\
# Settings of Kafka's clients

Weir talks to Kafka with librdkafka. Operators write the settings of Kafka's Java clients, under their names, as for Kafka Connect:

| Client | In the worker's file | In a connector's configuration | Whose |
| --- | --- | --- | --- |
| Producer | `producer.` | `producer.override.` | a source's, and a sink's for its dead letter queue |
| Consumer | `consumer.` | `consumer.override.` | a sink's |
| Admin | without a prefix, then `admin.` | `admin.override.` | the worker's own; a connector's for topics and groups |

Later wins: what Weir sets itself, then the worker's file, then the connector, as far as `connector.client.config.override.policy` lets \
it. `bootstrap.servers` of the worker is every client's. A producer is shared by all tasks whose settings are equal, so it has no \
`client.id` of its own unless one is set; a consumer is `connector-consumer-NAME-TASK` in the group `connect-NAME`.

Each setting of the clients of Kafka 4.3.1 is in the tables below. One that has no effect is named in a warning at start, unless it \
has its default. One that is *refused* stops the worker or the connector, because to go on without its effect would be dangerous or a \
surprise. A value out of librdkafka's bounds is an error, too.

Key and trust stores are read when a connector is configured or restarted: one that was replaced is used after a restart of the \
connector or of one of its tasks. A broker that refuses a client (its certificate cannot be verified, or the password is wrong) fails the tasks that use \
the client, as in Kafka Connect; one that cannot be reached is waited for, but not by a worker that \
starts ([errors.md](errors.md#a-kafka-cluster-that-cannot-be-reached)).

This page is written from the tables in `runtime/server/src/config/client_keys`, and a test keeps it so.
";

/// The whole page.
fn page() -> String {
    let mut page = INTRO.to_owned();
    page.push_str("\n## What Weir sets itself\n\nIn librdkafka's names. Everything else is librdkafka's default where it is not set.\n");
    let kinds = [("Producers", Kind::Producer), ("Consumers", Kind::Consumer), ("Admin clients", Kind::Admin)];
    for (title, kind) in kinds {
        let _ = write!(page, "\n### {title}\n\n| Setting | Value | Why |\n| --- | --- | --- |\n");
        for base in client_keys::base(kind) {
            let _ = writeln!(page, "| `{}` | `{}` | {} |", base.name, base.value, base.reason);
        }
    }
    page.push_str(NOTES);
    page.push_str("\n## Settings of all clients\n\nWhat a single client has otherwise is in its own table.\n");
    table(&mut page, client_keys::COMMON);
    let (prefix, reason) = client_keys::METRICS_CONTEXT;
    let _ = writeln!(page, "| `{prefix}*` | | *No effect: {reason}.* |");
    for (title, kind) in kinds {
        let _ = write!(page, "\n## {title}\n");
        table(&mut page, client_keys::own(kind));
    }
    page.push_str("\n## Settings that only librdkafka has\n\nThey pass as they are, with the same prefixes.\n\n| Client | Settings |\n| --- | --- |\n");
    for (kind, names) in client_keys::LIBRDKAFKA {
        let whose = kinds.iter().find(|(_, one)| Some(*one) == *kind).map_or("all", |(title, _)| title);
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let _ = writeln!(page, "| {whose} | {} |", names.join(", "));
    }
    page
}

const NOTES: &str = "
A producer that is told `acks=1`, `acks=0`, `retries=0` or more than five requests in flight goes without idempotence, and then has \
one request in flight unless told otherwise.

Where librdkafka's defaults differ from Java's and are left as they are:

| Java | librdkafka | What it means |
| --- | --- | --- |
| no limit of records in a batch | `batch.num.messages=10000` | `batch.size` is reached first, unless records are small |
| `buffer.memory=33554432` | `queue.buffering.max.kbytes=1048576` | tasks bound themselves, the queue is shared by all of them |
| `max.poll.records=500` | 2,000 rows in one `put` | larger batches for a sink |
| `send.buffer.bytes=131072`, `receive.buffer.bytes=65536` | the system's | the system sizes them itself |
| `socket.connection.setup.timeout.ms=10000`, growing to 30000 | 30000 | with TLS and SASL in it, which Java's limit leaves out |
| `partition.assignment.strategy=range,cooperative-sticky` | `range,roundrobin` | `range` is chosen in both |
";

fn table(page: &mut String, keys: &[ClientKey]) {
    page.push_str("\n| Key | Java's default | For librdkafka |\n| --- | --- | --- |\n");
    for key in keys {
        let default = match key.default {
            None => String::new(),
            Some("") => "empty".to_owned(),
            Some(text) => format!("`{}`", text.replace("org.apache.kafka.", "")),
        };
        let _ = writeln!(page, "| `{}` | {default} | {} |", key.name, describe(key.meaning));
    }
}

fn describe(meaning: Meaning) -> String {
    match meaning {
        Meaning::Same => "the same".to_owned(),
        Meaning::Named(name) => format!("`{name}`"),
        Meaning::Both(one, other) => format!("`{one}` and `{other}`"),
        Meaning::LowerCase => "the same, in lower case".to_owned(),
        Meaning::Kilobytes(name) => format!("`{name}`, in kilobytes"),
        Meaning::MinusOneIsZero(name) => format!("`{name}`; -1 is 0"),
        Meaning::ZeroIsOne(name) => format!("`{name}`; 0 is 1"),
        Meaning::MetadataAge => "`topic.metadata.refresh.interval.ms`, at most an hour; `metadata.max.age.ms` is three times that".to_owned(),
        Meaning::Level(codec) => format!("`compression.level` where `compression.type` is `{codec}`"),
        Meaning::Partitioner => {
            "`partitioner=random` for `RoundRobinPartitioner`. *Refused: any other class, because keys would go to other partitions.*"
                .to_owned()
        }
        Meaning::IgnoreKeys => "`partitioner=random`".to_owned(),
        Meaning::OffsetReset => {
            "the same; `none` is `error`. *Refused: `by_duration`, which librdkafka does not know.*".to_owned()
        }
        Meaning::Assignors => "names instead of classes: `range`, `roundrobin`, `cooperative-sticky`".to_owned(),
        Meaning::PollRecords => "the sink task follows it itself".to_owned(),
        Meaning::ApiTimeout => "how long a worker waits for the cluster when it starts; other questions may take 60 s".to_owned(),
        Meaning::Security(text) => text.to_owned(),
        Meaning::Only(value, reason) => format!("nothing. *Refused: all but `{}`; {reason}.*", value.replace("org.apache.kafka.", "")),
        Meaning::Ignored(reason) => format!("*No effect: {reason}.*"),
        Meaning::Refused(next) => format!("*Refused: {next}.*"),
        Meaning::RefusedWithTls(next) => format!("*Refused with TLS: {next}.*"),
        Meaning::RefusedWithSasl(next) => format!("*Refused with SASL: {next}.*"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_page_of_client_settings_is_the_one_that_the_tables_give() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/client-settings.md");
        let page = super::page();
        if std::env::var_os("WEIR_BLESS").is_some() {
            std::fs::write(path, &page).expect("docs/client-settings.md can be written");
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            written == page,
            "docs/client-settings.md is out of date; run: WEIR_BLESS=1 cargo test -p weir client_settings"
        );
    }
}
