//! Which of Kafka's clients a setting is for.

/// A kind of Kafka client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// The producer of source tasks, and of sinks for their dead letter queues.
    Producer,
    /// The consumer of sink tasks.
    Consumer,
    /// The worker's own client, and a connector's client for topics and groups.
    Admin,
}

impl Kind {
    /// The name of the client's definitions in `recorded`.
    pub(crate) fn name(self) -> &'static str {
        self.prefix().trim_end_matches('.')
    }

    /// The prefix of the client's settings in the worker's file, `producer.`.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Producer => "producer.",
            Self::Consumer => "consumer.",
            Self::Admin => "admin.",
        }
    }

    /// The prefix of the client's settings in a connector's configuration, `producer.override.`.
    pub(crate) fn override_prefix(self) -> &'static str {
        match self {
            Self::Producer => "producer.override.",
            Self::Consumer => "consumer.override.",
            Self::Admin => "admin.override.",
        }
    }
}
