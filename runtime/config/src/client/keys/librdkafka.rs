//! Settings of librdkafka that Java's clients do not have and that are passed on: those that Java expresses differently, and those
//! that help to investigate a problem. Settings that load code or run commands are not among them.

use super::super::kind::Kind;

/// The client that has the settings (`None` for all clients), and the settings.
pub(crate) const LIBRDKAFKA: &[(Option<Kind>, &[&str])] = &[
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

/// Whether this is a setting that only librdkafka has and that is passed on.
pub(crate) fn librdkafka(kind: Kind, name: &str) -> bool {
    LIBRDKAFKA.iter().any(|(whose, names)| whose.is_none_or(|whose| whose == kind) && names.contains(&name))
}
