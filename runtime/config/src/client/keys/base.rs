//! The settings of each client before the user's settings: Kafka Connect's guarantees, and Java's defaults where librdkafka's
//! differ in a way that an operator would notice.

use super::super::kind::Kind;

/// A setting of librdkafka that Weir sets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Base {
    /// librdkafka's name.
    pub(crate) name: &'static str,
    /// The value.
    pub(crate) value: &'static str,
    /// Why, for the documentation.
    #[cfg_attr(not(test), expect(dead_code, reason = "only the documentation has it"))]
    pub(crate) reason: &'static str,
}

const fn set(name: &'static str, value: &'static str, reason: &'static str) -> Base {
    Base { name, value, reason }
}

const ANSWERS: Base =
    set("socket.timeout.ms", "30000", "Java's default for `request.timeout.ms`; librdkafka's is one minute");
const STATISTICS: Base = set(
    "statistics.interval.ms",
    "5000",
    "for the lag and connection metrics, and for reporting that a task cannot reach a broker; with 0, neither is available",
);
const RECONNECTS: [Base; 2] = [
    set("reconnect.backoff.ms", "50", "Java's default; librdkafka's is 100"),
    set(
        "reconnect.backoff.max.ms",
        "1000",
        "Java's default; librdkafka's is 10 s, which is how long it would take to notice that a broker is back",
    ),
];

const PRODUCER: &[Base] = &[
    set("acks", "all", "as in Kafka Connect"),
    set(
        "enable.idempotence",
        "true",
        "Kafka Connect disables it and allows one request in flight, to the same effect: no records are lost or reordered",
    ),
    set("delivery.timeout.ms", "2147483647", "as in Kafka Connect: sending a record is retried without a time limit"),
    set(
        "partitioner",
        "murmur2_random",
        "Java's partitioner; librdkafka's default would assign a key to a different partition than before",
    ),
    set(
        "linger.ms",
        "20",
        "Java's is 5. librdkafka's thread spins while records that have waited this long cannot be sent because a request for their \
         partition is in flight (docs/performance.md), so this should be longer than a request usually takes",
    ),
    set(
        "sticky.partitioning.linger.ms",
        "40",
        "records without a key switch to another partition after this time; twice `linger.ms`",
    ),
    set(
        "batch.size",
        "393216",
        "Java's is 16384, librdkafka's is 1000000. A consumer with a quota of less than 90 KB/s cannot read batches of 1 MB, and smaller \
         batches than this use more CPU for requests (docs/performance.md)",
    ),
    set("message.max.bytes", "1048576", "Java's default for `max.request.size`; librdkafka's is 1,000,000"),
    ANSWERS,
    set("connections.max.idle.ms", "540000", "Java's default; librdkafka waits for the broker to close the connection"),
    RECONNECTS[0],
    RECONNECTS[1],
    STATISTICS,
];

const CONSUMER: &[Base] = &[
    set("enable.auto.commit", "false", "as in Kafka Connect"),
    set("enable.auto.offset.store", "false", "the task determines which offsets are safe to commit"),
    set("auto.offset.reset", "earliest", "as in Kafka Connect"),
    set("isolation.level", "read_uncommitted", "Java's default; librdkafka's is `read_committed`"),
    set(
        "allow.auto.create.topics",
        "true",
        "Java's default; librdkafka's is `false`. About once a second, a task looks for a topic in `topics` that does not exist, and a \
         broker with `auto.create.topics.enable=true` creates it",
    ),
    set("check.crcs", "true", "Java's default; librdkafka's is `false`"),
    set(
        "fetch.queue.backoff.ms",
        "20",
        "when more records are queued than librdkafka wants to keep, it by default stops fetching for a whole second; a sink has \
         processed them long before that",
    ),
    ANSWERS,
    set("connections.max.idle.ms", "540000", "Java's default; librdkafka waits for the broker to close the connection"),
    RECONNECTS[0],
    RECONNECTS[1],
    STATISTICS,
];

const ADMIN: &[Base] = &[
    set("enable.metrics.push", "false", "Java's default; librdkafka's is `true`"),
    ANSWERS,
    set("connections.max.idle.ms", "300000", "Java's default; librdkafka waits for the broker to close the connection"),
    RECONNECTS[0],
    RECONNECTS[1],
];

/// Returns the settings of a client.
pub(crate) fn base(kind: Kind) -> &'static [Base] {
    match kind {
        Kind::Producer => PRODUCER,
        Kind::Consumer => CONSUMER,
        Kind::Admin => ADMIN,
    }
}
