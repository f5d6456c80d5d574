//! Generates `docs/client-settings.md` from the tables of client settings. A test compares the file with the generated text;
//! `WEIR_BLESS=1 cargo test -p weir-config client_settings` rewrites it.

use std::fmt::Write as _;

use super::keys::{self as client_keys, ClientKey, Meaning};
use super::kind::Kind;

const INTRO: &str = "\
# Settings of Kafka's clients

Weir talks to Kafka with librdkafka. As for Kafka Connect, operators write the settings of Kafka's Java clients, under their Java names:

| Client | In the worker's file | In a connector's configuration | Used by |
| --- | --- | --- | --- |
| Producer | `producer.` | `producer.override.` | sources, and sinks for their dead letter queues |
| Consumer | `consumer.` | `consumer.override.` | sinks |
| Admin | without a prefix, then `admin.` | `admin.override.` | the worker itself; connectors for topics and groups |

Later settings take precedence: first Weir's own settings, then the worker's file, then the connector's configuration, as far as \
`connector.client.config.override.policy` allows it. The worker's `bootstrap.servers` applies to every client. All tasks with equal \
settings share one producer, so it has no `client.id` of its own unless one is set; a consumer is `connector-consumer-NAME-TASK` in the \
group `connect-NAME`.

The tables below contain every client setting of Kafka 4.3.1. A setting that has no effect is named in a warning at start, unless it \
has its default value. A setting that is *refused* stops the worker or the connector, because continuing without its effect would be \
dangerous or surprising. A value outside librdkafka's limits is an error, too.

Key and trust stores are read when a connector is configured or restarted: a store that was replaced is used after a restart of the \
connector or of one of its tasks. If a broker refuses a client (a certificate cannot be verified, or the password is wrong), the tasks \
that use the client fail, as in Kafka Connect. If a broker cannot be reached, tasks wait for it, but a starting worker does \
not ([errors.md](errors.md#a-kafka-cluster-that-cannot-be-reached)).

This page is generated from the tables in `runtime/config/src/client/keys`; a test checks that it is up to date.
";

/// Generates the page.
fn page() -> String {
    let mut page = INTRO.to_owned();
    page.push_str(
        "\n## Settings made by Weir\n\nThese have librdkafka's names. All other settings have librdkafka's defaults \
                   unless they are set.\n",
    );
    let kinds = [("Producers", Kind::Producer), ("Consumers", Kind::Consumer), ("Admin clients", Kind::Admin)];
    for (title, kind) in kinds {
        let _ = write!(page, "\n### {title}\n\n| Setting | Value | Why |\n| --- | --- | --- |\n");
        for base in client_keys::base(kind) {
            let _ = writeln!(page, "| `{}` | `{}` | {} |", base.name, base.value, base.reason);
        }
    }
    page.push_str(NOTES);
    page.push_str("\n## Settings of all clients\n\nSettings that differ for one client are in that client's table.\n");
    table(&mut page, client_keys::COMMON);
    let (prefix, reason) = client_keys::METRICS_CONTEXT;
    let _ = writeln!(page, "| `{prefix}*` | | *No effect: {reason}.* |");
    for (title, kind) in kinds {
        let _ = write!(page, "\n## {title}\n");
        table(&mut page, client_keys::own(kind));
    }
    page.push_str(
        "\n## Settings that only librdkafka has\n\nThey are passed on unchanged, with the same prefixes.\n\n| Client \
                   | Settings |\n| --- | --- |\n",
    );
    for (kind, names) in client_keys::LIBRDKAFKA {
        let whose = kinds.iter().find(|(_, one)| Some(*one) == *kind).map_or("all", |(title, _)| title);
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let _ = writeln!(page, "| {whose} | {} |", names.join(", "));
    }
    page
}

const NOTES: &str = "
A producer with `acks=1`, `acks=0`, `retries=0` or more than five requests in flight is not idempotent, and then has one request in \
flight unless configured differently.

Where librdkafka's defaults differ from Java's and Weir does not change them:

| Java | librdkafka | Effect |
| --- | --- | --- |
| no limit on the records in a batch | `batch.num.messages=10000` | `batch.size` is reached first, unless records are small |
| `buffer.memory=33554432` | `queue.buffering.max.kbytes=1048576` | tasks limit themselves; the queue is shared by all of them |
| `max.poll.records=500` | 2,000 records in one `put` | larger batches for a sink |
| `send.buffer.bytes=131072`, `receive.buffer.bytes=65536` | the system's defaults | the system sizes the buffers itself |
| `socket.connection.setup.timeout.ms=10000`, growing to 30000 | 30000 | includes TLS and SASL, which Java's limit does not |
| `partition.assignment.strategy=range,cooperative-sticky` | `range,roundrobin` | both choose `range` |
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
        Meaning::MinusOneIsZero(name) => format!("`{name}`; -1 becomes 0"),
        Meaning::ZeroIsOne(name) => format!("`{name}`; 0 becomes 1"),
        Meaning::MetadataAge => "`topic.metadata.refresh.interval.ms`, at most an hour; `metadata.max.age.ms` becomes three \
                                 times the value".to_owned(),
        Meaning::Level(codec) => format!("`compression.level` if `compression.type` is `{codec}`"),
        Meaning::Partitioner => {
            "`partitioner=random` for `RoundRobinPartitioner`. *Refused: any other class, because keys would be assigned to \
             different partitions.*"
                .to_owned()
        }
        Meaning::IgnoreKeys => "`partitioner=random`".to_owned(),
        Meaning::OffsetReset => {
            "the same; `none` becomes `error`. *Refused: `by_duration`, which librdkafka does not support.*".to_owned()
        }
        Meaning::Assignors => "names instead of class names: `range`, `roundrobin`, `cooperative-sticky`".to_owned(),
        Meaning::PollRecords => "applied by the sink task itself".to_owned(),
        Meaning::ApiTimeout => "how long a worker waits for the cluster when it starts; other requests may take 60 s".to_owned(),
        Meaning::Security(text) => text.to_owned(),
        Meaning::Only(value, reason) => format!("not passed on. *Refused: any value but `{}`; {reason}.*", value.replace("org.apache.kafka.", "")),
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
        weir_test_support::bless("docs/client-settings.md", &super::page());
    }
}
