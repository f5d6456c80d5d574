//! A partition of a topic, and an offset in it.

/// A partition of a topic.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicPartition {
    /// The topic.
    pub topic: String,
    /// The number of the partition.
    pub partition: i32,
}

impl TopicPartition {
    /// Creates the partition of a topic.
    pub fn new(topic: impl Into<String>, partition: i32) -> Self {
        Self { topic: topic.into(), partition }
    }

    /// Returns this offset in the partition.
    pub fn at(self, offset: i64) -> TopicPartitionOffset {
        let Self { topic, partition } = self;
        TopicPartitionOffset { topic, partition, offset }
    }
}

/// As Kafka's clients write it: `topic-0`.
impl std::fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

/// An offset in a partition.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicPartitionOffset {
    /// The topic.
    pub topic: String,
    /// The number of the partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
}

impl TopicPartitionOffset {
    /// Returns the partition and the offset.
    pub fn into_parts(self) -> (TopicPartition, i64) {
        (TopicPartition { topic: self.topic, partition: self.partition }, self.offset)
    }
}
