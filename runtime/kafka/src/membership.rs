//! The state of a consumer's membership in its group.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use weir_data::topic_partition::TopicPartition;

/// How long the topics of a consumer that has not joined its group yet are not changed. Until it has sent a request to join, it finds new
/// topics by itself, and normally a new member waits for `group.initial.rebalance.delay.ms` (3 s by default).
const FIRST_JOIN: Duration = Duration::from_secs(10);

/// What is known about a consumer's membership.
///
/// When its topics change while the first request to join the group is unanswered, librdkafka ignores the answer, with the member id in it,
/// and joins as another member. The group then waits for the first one until its session ends.
#[derive(Debug, Default)]
pub(super) struct Membership {
    /// Whether it has subscribed to topics.
    is_subscribed: bool,
    /// Whether it has received an assignment, which may be empty.
    has_joined: bool,
    /// The partitions that were assigned since [`Membership::forget_partitions`].
    partitions: HashSet<TopicPartition>,
}

impl Membership {
    pub(super) fn subscribed(&mut self) {
        self.is_subscribed = true;
    }

    pub(super) fn unsubscribed(&mut self) {
        *self = Self::default();
    }

    pub(super) fn assigned(&mut self, partitions: Vec<TopicPartition>) {
        self.has_joined = true;
        self.partitions.extend(partitions);
    }

    pub(super) fn revoked(&mut self, partitions: &[TopicPartition]) {
        for partition in partitions {
            self.partitions.remove(partition);
        }
    }

    /// The group continues without the consumer, which joins again as a new member.
    pub(super) fn lost(&mut self, partitions: &[TopicPartition]) {
        self.has_joined = false;
        self.revoked(partitions);
    }

    /// Returns whether the topics may be changed now. `wanted` is the time at which the change became necessary.
    pub(super) fn may_change_topics(&self, wanted: Instant, now: Instant) -> bool {
        self.has_joined || !self.is_subscribed || now.duration_since(wanted) >= FIRST_JOIN
    }

    /// Returns whether it has a partition of the topic.
    pub(super) fn has_topic(&self, topic: &str) -> bool {
        self.partitions.iter().any(|partition| partition.topic == topic)
    }

    pub(super) fn forget_partitions(&mut self) {
        self.partitions.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partitions(of: &[(&str, i32)]) -> Vec<TopicPartition> {
        of.iter().map(|&(topic, partition)| TopicPartition::new(topic, partition)).collect()
    }

    #[test]
    fn topics_stay_while_the_group_is_joined_for_the_first_time_but_not_for_ever() {
        let wanted = Instant::now();
        let mut membership = Membership::default();
        assert!(membership.may_change_topics(wanted, wanted), "it reads nothing");
        membership.subscribed();
        assert!(!membership.may_change_topics(wanted, wanted));
        assert!(!membership.may_change_topics(wanted, wanted + FIRST_JOIN / 2));
        assert!(membership.may_change_topics(wanted, wanted + FIRST_JOIN));
        membership.assigned(Vec::new());
        assert!(membership.may_change_topics(wanted, wanted));
        membership.lost(&[]);
        assert!(!membership.may_change_topics(wanted, wanted));
        membership.unsubscribed();
        assert!(membership.may_change_topics(wanted, wanted));
    }

    #[test]
    fn a_topic_is_known_until_its_last_partition_is_revoked_or_lost_or_forgotten() {
        let mut membership = Membership::default();
        membership.assigned(partitions(&[("a", 0)]));
        membership.assigned(partitions(&[("b", 0), ("b", 1), ("c", 0)]));
        assert!(membership.has_topic("a") && membership.has_topic("b") && !membership.has_topic("d"));
        membership.revoked(&partitions(&[("a", 0), ("b", 0)]));
        assert!(!membership.has_topic("a") && membership.has_topic("b"), "another partition of it is left");
        membership.lost(&partitions(&[("b", 1)]));
        assert!(!membership.has_topic("b") && membership.has_topic("c"));
        membership.forget_partitions();
        assert!(!membership.has_topic("c"));
    }
}
