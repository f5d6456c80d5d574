//! What a setting of Kafka's Java clients means for librdkafka.

/// What a setting of the Java clients means for librdkafka.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The same setting.
    Same,
    /// The setting has this name.
    Named(&'static str),
    /// The setting corresponds to both of these.
    Both(&'static str, &'static str),
    /// The same setting, with values in lower case.
    LowerCase,
    /// This setting, in kilobytes instead of bytes.
    Kilobytes(&'static str),
    /// This setting, with 0 instead of -1.
    MinusOneIsZero(&'static str),
    /// This setting, with 1 instead of 0, which has the same effect.
    ZeroIsOne(&'static str),
    /// `metadata.max.age.ms`.
    MetadataAge,
    /// The compression level for this `compression.type`.
    Level(&'static str),
    /// `partitioner.class`.
    Partitioner,
    /// `partitioner.ignore.keys`.
    IgnoreKeys,
    /// `auto.offset.reset`.
    OffsetReset,
    /// `partition.assignment.strategy`.
    Assignors,
    /// `max.poll.records`, which the sink task applies itself.
    PollRecords,
    /// `default.api.timeout.ms` of the worker's own client.
    ApiTimeout,
    /// Handled by `client/security`. The text says what it becomes.
    Security(&'static str),
    /// Only this value is accepted, for this reason.
    Only(&'static str, &'static str),
    /// The setting has no effect, for this reason.
    Ignored(&'static str),
    /// Continuing without the setting's effect would be dangerous or surprising; the text says what to do. Empty values and the
    /// default are accepted.
    Refused(&'static str),
    /// `Refused` if `security.protocol` uses TLS. Otherwise it has no effect, as in Java.
    RefusedWithTls(&'static str),
    /// `Refused` if `security.protocol` uses SASL.
    RefusedWithSasl(&'static str),
}

/// A setting of the Java clients.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClientKey {
    /// The name, without prefix.
    pub(crate) name: &'static str,
    /// The default of Java's clients; `None` if there is none.
    pub(crate) default: Option<&'static str>,
    /// What the setting means for librdkafka.
    pub(crate) meaning: Meaning,
}

pub(super) const fn key(name: &'static str, default: &'static str, meaning: Meaning) -> ClientKey {
    ClientKey { name, default: Some(default), meaning }
}

/// A setting without a default.
pub(super) const fn bare(name: &'static str, meaning: Meaning) -> ClientKey {
    ClientKey { name, default: None, meaning }
}
