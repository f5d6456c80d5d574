//! Settings that librdkafka has and Java's clients do not, as far as they are let through: for what Java says in other ways, and
//! for looking into a problem. Those that load code or run commands are not among them.

use super::super::client::Kind;

/// Client, none = all; and the settings.
pub const LIBRDKAFKA: &[(Option<Kind>, &[&str])] = &[
    (
        None,
        &[
            "broker.address.family",
            "debug",
            "enable.ssl.certificate.verification",
            "message.max.bytes",
            "receive.message.max.bytes",
            "sasl.password",
            "sasl.username",
            "socket.keepalive.enable",
            "socket.nagle.disable",
            "socket.timeout.ms",
            "ssl.ca.location",
            "ssl.ca.pem",
            "ssl.certificate.location",
            "ssl.certificate.pem",
            "ssl.crl.location",
            "ssl.curves.list",
            "ssl.key.location",
            "ssl.key.pem",
            "ssl.sigalgs.list",
            "statistics.interval.ms",
            "topic.metadata.refresh.interval.ms",
        ],
    ),
    (
        Some(Kind::Producer),
        &[
            "batch.num.messages",
            "client.rack",
            "compression.level",
            "partitioner",
            "queue.buffering.max.kbytes",
            "queue.buffering.max.messages",
            "sticky.partitioning.linger.ms",
        ],
    ),
    (
        Some(Kind::Consumer),
        &[
            "fetch.error.backoff.ms",
            "fetch.queue.backoff.ms",
            "fetch.wait.max.ms",
            "queued.max.messages.kbytes",
            "queued.min.messages",
        ],
    ),
];

/// Whether this is a setting of librdkafka's own that is let through.
pub fn librdkafka(kind: Kind, name: &str) -> bool {
    LIBRDKAFKA.iter().any(|(whose, names)| whose.is_none_or(|whose| whose == kind) && names.contains(&name))
}
