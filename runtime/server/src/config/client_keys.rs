//! The table of Kafka's client settings: what each is to librdkafka.

use super::client::Kind;

/// What a setting of the Java clients is to librdkafka.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// Same name, same values.
    Same,
    /// Same values under this name.
    Named(&'static str),
    /// Same name; the values are written in lower case.
    LowerCase,
    /// Bytes there, kilobytes here, under this name.
    Kilobytes(&'static str),
    /// -1 there is 0 here: the system's default. Under this name.
    SystemDefaultBelowZero(&'static str),
    /// `security.protocol`.
    Protocol,
    /// `auto.offset.reset`.
    OffsetReset,
    /// `ssl.endpoint.identification.algorithm`: empty there is `none` here.
    HostCheck,
    /// Class names of assignors.
    Assignors,
    /// User and password in a JAAS line.
    Jaas,
    /// `max.poll.records`, which the sink task follows itself.
    PollRecords,
    /// No effect, and why.
    Ignored(&'static str),
}

use Meaning::{Ignored, Jaas, Kilobytes, LowerCase, Named, PollRecords, Same, SystemDefaultBelowZero};

const JAVA: Meaning = Ignored("it names a Java class");
const KEYSTORE: Meaning =
    Ignored("librdkafka reads PEM files: ssl.ca.location, ssl.certificate.location, ssl.key.location");
const METRICS: Meaning = Ignored("Weir reports no metrics yet");
const FIXED: Meaning = Ignored("Weir decides it itself");

/// Settings of every client.
pub(super) static COMMON: &[(&str, Meaning)] = &[
    ("bootstrap.servers", Same),
    ("client.id", Same),
    ("client.dns.lookup", Same),
    ("client.rack", Same),
    ("connections.max.idle.ms", Same),
    ("enable.metrics.push", Same),
    ("metadata.max.age.ms", Same),
    ("metadata.recovery.strategy", LowerCase),
    ("metadata.recovery.rebootstrap.trigger.ms", Same),
    ("receive.buffer.bytes", SystemDefaultBelowZero("socket.receive.buffer.bytes")),
    ("send.buffer.bytes", SystemDefaultBelowZero("socket.send.buffer.bytes")),
    ("reconnect.backoff.ms", Same),
    ("reconnect.backoff.max.ms", Same),
    ("retry.backoff.ms", Same),
    ("retry.backoff.max.ms", Same),
    ("socket.connection.setup.timeout.ms", Same),
    ("socket.connection.setup.timeout.max.ms", Ignored("librdkafka has one limit, socket.connection.setup.timeout.ms")),
    ("default.api.timeout.ms", Ignored("Weir has its own limits for such calls")),
    ("security.protocol", Meaning::Protocol),
    ("security.providers", JAVA),
    ("sasl.mechanism", Same),
    ("sasl.jaas.config", Jaas),
    ("sasl.kerberos.service.name", Same),
    ("sasl.oauthbearer.scope", Same),
    ("sasl.oauthbearer.token.endpoint.url", Same),
    ("sasl.login.class", JAVA),
    ("sasl.login.callback.handler.class", JAVA),
    ("sasl.client.callback.handler.class", JAVA),
    ("ssl.cipher.suites", Same),
    ("ssl.endpoint.identification.algorithm", Meaning::HostCheck),
    ("ssl.key.password", Same),
    ("ssl.keystore.key", Named("ssl.key.pem")),
    ("ssl.keystore.certificate.chain", Named("ssl.certificate.pem")),
    ("ssl.truststore.certificates", Named("ssl.ca.pem")),
    ("ssl.keystore.location", KEYSTORE),
    ("ssl.keystore.password", KEYSTORE),
    ("ssl.keystore.type", KEYSTORE),
    ("ssl.truststore.location", KEYSTORE),
    ("ssl.truststore.password", KEYSTORE),
    ("ssl.truststore.type", KEYSTORE),
    ("ssl.protocol", Ignored("OpenSSL chooses it")),
    ("ssl.enabled.protocols", Ignored("OpenSSL chooses it")),
    ("ssl.provider", JAVA),
    ("ssl.engine.factory.class", JAVA),
    ("ssl.keymanager.algorithm", JAVA),
    ("ssl.trustmanager.algorithm", JAVA),
    ("ssl.secure.random.implementation", JAVA),
    ("interceptor.classes", JAVA),
    ("metric.reporters", METRICS),
    ("metrics.num.samples", METRICS),
    ("metrics.recording.level", METRICS),
    ("metrics.sample.window.ms", METRICS),
    ("metadata.cluster.check.enable", Ignored("librdkafka has no such check")),
    ("bootstrap.resolve.timeout.ms", Ignored("librdkafka looks names up without waiting")),
    // librdkafka's own, for what Java says in other ways.
    ("broker.address.family", Same),
    ("debug", Same),
    ("enable.ssl.certificate.verification", Same),
    ("message.max.bytes", Same),
    ("receive.message.max.bytes", Same),
    ("sasl.username", Same),
    ("sasl.password", Same),
    ("sasl.kerberos.keytab", Same),
    ("sasl.kerberos.principal", Same),
    ("socket.keepalive.enable", Same),
    ("socket.nagle.disable", Same),
    ("socket.timeout.ms", Same),
    ("ssl.ca.location", Same),
    ("ssl.ca.pem", Same),
    ("ssl.certificate.location", Same),
    ("ssl.certificate.pem", Same),
    ("ssl.crl.location", Same),
    ("ssl.key.location", Same),
    ("ssl.key.pem", Same),
    ("statistics.interval.ms", Same),
    ("topic.metadata.refresh.interval.ms", Same),
];

/// Settings of producers.
pub(super) static PRODUCER: &[(&str, Meaning)] = &[
    ("acks", Same),
    ("batch.size", Same),
    ("buffer.memory", Kilobytes("queue.buffering.max.kbytes")),
    ("compression.type", LowerCase),
    ("compression.gzip.level", Named("compression.level")),
    ("compression.lz4.level", Named("compression.level")),
    ("compression.zstd.level", Named("compression.level")),
    ("delivery.timeout.ms", Same),
    ("enable.idempotence", LowerCase),
    ("linger.ms", Same),
    ("max.block.ms", Ignored("a source task waits for room as long as it takes")),
    ("max.in.flight.requests.per.connection", Same),
    ("max.request.size", Named("message.max.bytes")),
    ("metadata.max.idle.ms", Ignored("librdkafka has no such limit")),
    ("request.timeout.ms", Same),
    ("retries", Same),
    ("transaction.timeout.ms", Same),
    ("transactional.id", FIXED),
    ("transaction.two.phase.commit.enable", FIXED),
    ("key.serializer", FIXED),
    ("value.serializer", FIXED),
    ("partitioner.class", JAVA),
    ("partitioner.ignore.keys", Ignored("librdkafka has no such setting")),
    ("partitioner.adaptive.partitioning.enable", Ignored("librdkafka has no such setting")),
    ("partitioner.availability.timeout.ms", Ignored("librdkafka has no such setting")),
    ("batch.num.messages", Same),
    ("compression.level", Same),
    ("partitioner", Same),
    ("queue.buffering.max.kbytes", Same),
    ("queue.buffering.max.messages", Same),
    ("sticky.partitioning.linger.ms", Same),
];

/// Settings of consumers.
pub(super) static CONSUMER: &[(&str, Meaning)] = &[
    ("allow.auto.create.topics", LowerCase),
    ("auto.commit.interval.ms", FIXED),
    ("auto.offset.reset", Meaning::OffsetReset),
    ("check.crcs", LowerCase),
    ("enable.auto.commit", FIXED),
    ("enable.auto.offset.store", FIXED),
    ("exclude.internal.topics", Ignored("librdkafka has no such setting")),
    ("fetch.max.bytes", Same),
    ("fetch.max.wait.ms", Named("fetch.wait.max.ms")),
    ("fetch.min.bytes", Same),
    ("group.id", Same),
    ("group.instance.id", Same),
    ("group.protocol", LowerCase),
    ("group.remote.assignor", Same),
    ("heartbeat.interval.ms", Same),
    ("isolation.level", LowerCase),
    ("key.deserializer", FIXED),
    ("value.deserializer", FIXED),
    ("max.partition.fetch.bytes", Same),
    ("max.poll.interval.ms", Same),
    ("max.poll.records", PollRecords),
    ("partition.assignment.strategy", Meaning::Assignors),
    ("request.timeout.ms", Named("socket.timeout.ms")),
    ("session.timeout.ms", Same),
    ("fetch.error.backoff.ms", Same),
    ("fetch.queue.backoff.ms", Same),
    ("queued.max.messages.kbytes", Same),
    ("queued.min.messages", Same),
];

/// Settings of admin clients.
pub(super) static ADMIN: &[(&str, Meaning)] = &[
    ("request.timeout.ms", Named("socket.timeout.ms")),
    ("retries", Ignored("librdkafka repeats requests until their time is up")),
    ("bootstrap.controllers", Ignored("librdkafka talks to brokers only")),
];

/// What this setting is to librdkafka; none = nobody knows it.
pub fn meaning(kind: Kind, key: &str) -> Option<Meaning> {
    own(kind).iter().chain(COMMON).find(|(name, _)| *name == key).map(|(_, meaning)| *meaning)
}

/// The settings that only this client has.
pub fn own(kind: Kind) -> &'static [(&'static str, Meaning)] {
    match kind {
        Kind::Producer => PRODUCER,
        Kind::Consumer => CONSUMER,
        Kind::Admin => ADMIN,
    }
}

/// Each setting that reaches librdkafka, with the name that it has there.
#[cfg(test)]
pub(super) fn names() -> Vec<(Kind, &'static str, &'static str)> {
    let mut names = Vec::new();
    for kind in [Kind::Producer, Kind::Consumer, Kind::Admin] {
        for (key, meaning) in own(kind).iter().chain(COMMON) {
            match meaning {
                Named(name) | Kilobytes(name) | SystemDefaultBelowZero(name) => names.push((kind, *key, *name)),
                Jaas | PollRecords | Ignored(_) => {}
                _ => names.push((kind, *key, *key)),
            }
        }
    }
    names
}

/// A value that librdkafka accepts for its setting of this name.
#[cfg(test)]
pub(super) fn example(name: &str) -> &'static str {
    match name {
        "client.dns.lookup" => "use_all_dns_ips",
        "metadata.recovery.strategy" => "none",
        "broker.address.family" => "any",
        "debug" => "broker",
        "compression.type" => "gzip",
        "partitioner" => "murmur2_random",
        "auto.offset.reset" => "error",
        "group.protocol" => "classic",
        "isolation.level" => "read_uncommitted",
        "partition.assignment.strategy" => "range",
        "acks" | "compression.level" => "1",
        _ if name.starts_with("enable.") || name.starts_with("allow.") || name.starts_with("socket.k") => "true",
        "check.crcs" | "socket.nagle.disable" => "true",
        _ => "5000",
    }
}
