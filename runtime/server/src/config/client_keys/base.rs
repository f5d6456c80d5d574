//! What each client has before any user's settings: Kafka Connect's promises, and Java's defaults where librdkafka has others that
//! an operator would notice.

use super::super::client::Kind;

/// One setting of librdkafka that Weir makes.
#[derive(Debug, Clone, Copy)]
pub struct Base {
    /// librdkafka's name.
    pub name: &'static str,
    /// The value.
    pub value: &'static str,
    /// Why, for the documentation.
    pub reason: &'static str,
}

const fn set(name: &'static str, value: &'static str, reason: &'static str) -> Base {
    Base { name, value, reason }
}

const ANSWERS: Base =
    set("socket.timeout.ms", "30000", "Java's default of `request.timeout.ms`; librdkafka waits for a minute");
const STATISTICS: Base = set(
    "statistics.interval.ms",
    "5000",
    "for the metrics of lag and connections, and so that a task says when it reaches no broker; 0 = neither is known",
);
const RECONNECTS: [Base; 2] = [
    set("reconnect.backoff.ms", "50", "Java's default; librdkafka's is 100"),
    set(
        "reconnect.backoff.max.ms",
        "1000",
        "Java's default; librdkafka's is 10 s, which is how long it would take to see that a broker is back",
    ),
];

const PRODUCER: &[Base] = &[
    set("acks", "all", "as Kafka Connect has it"),
    set(
        "enable.idempotence",
        "true",
        "Kafka Connect has it off and one request in flight, to the same end: nothing lost, nothing out of order",
    ),
    set("delivery.timeout.ms", "2147483647", "as Kafka Connect has it: a record is tried for as long as it takes"),
    set(
        "partitioner",
        "murmur2_random",
        "Java's; with librdkafka's own a key would go to another partition than before",
    ),
    set(
        "linger.ms",
        "20",
        "Java's is 5. librdkafka's thread spins while records that have waited this long cannot be sent because a request of theirs is \
         on its way (docs/performance.md), so it is to be longer than a request usually takes",
    ),
    set(
        "sticky.partitioning.linger.ms",
        "40",
        "records without a key change partition after this time; twice `linger.ms`",
    ),
    set(
        "batch.size",
        "393216",
        "Java's is 16384, librdkafka's is 1000000. A consumer with a quota of less than 90 KB/s cannot read batches of 1 MB, and with smaller \
         ones than this more CPU goes into requests (docs/performance.md)",
    ),
    set("message.max.bytes", "1048576", "Java's default of `max.request.size`; librdkafka's is 1,000,000"),
    ANSWERS,
    set("connections.max.idle.ms", "540000", "Java's default; librdkafka waits for the broker to close"),
    RECONNECTS[0],
    RECONNECTS[1],
    STATISTICS,
];

const CONSUMER: &[Base] = &[
    set("enable.auto.commit", "false", "as Kafka Connect has it"),
    set("enable.auto.offset.store", "false", "the task says what is safe"),
    set("auto.offset.reset", "earliest", "as Kafka Connect has it"),
    set("isolation.level", "read_uncommitted", "Java's default; librdkafka's is `read_committed`"),
    set(
        "allow.auto.create.topics",
        "true",
        "Java's default; librdkafka's is `false`. A task asks for a topic of `topics` that does not exist about once a second, and a broker \
         with `auto.create.topics.enable=true` makes it",
    ),
    set("check.crcs", "true", "Java's default; librdkafka's is `false`"),
    set(
        "fetch.queue.backoff.ms",
        "20",
        "while more records wait than librdkafka likes to keep, it fetches no more for a whole second unless told otherwise; a sink has \
         taken them long before",
    ),
    ANSWERS,
    set("connections.max.idle.ms", "540000", "Java's default; librdkafka waits for the broker to close"),
    RECONNECTS[0],
    RECONNECTS[1],
    STATISTICS,
];

const ADMIN: &[Base] = &[
    set("enable.metrics.push", "false", "Java's default; librdkafka's is `true`"),
    ANSWERS,
    set("connections.max.idle.ms", "300000", "Java's default; librdkafka waits for the broker to close"),
    RECONNECTS[0],
    RECONNECTS[1],
];

/// The settings of this client.
pub fn base(kind: Kind) -> &'static [Base] {
    match kind {
        Kind::Producer => PRODUCER,
        Kind::Consumer => CONSUMER,
        Kind::Admin => ADMIN,
    }
}
