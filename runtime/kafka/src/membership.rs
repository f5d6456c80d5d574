//! How far a consumer is in its group.

use std::collections::HashSet;
use std::time::{Duration, Instant};

/// How long a consumer that has not joined its group yet keeps its topics. It learns of topics that appear by itself as long as it has sent
/// no request to join, and a new member waits for `group.initial.rebalance.delay.ms` (3 s by default) when nothing is wrong.
const FIRST_JOIN: Duration = Duration::from_secs(10);

/// What is known of a consumer's membership.
///
/// When its topics change while the first request to join the group is unanswered, librdkafka ignores the answer, with the member id in it,
/// and joins as another member. The group then waits for the first one until its session ends.
#[derive(Debug, Default)]
pub(super) struct Membership {
    /// It has subscribed to topics.
    is_subscribed: bool,
    /// Partitions were assigned to it, perhaps none.
    has_joined: bool,
    /// The topics of its partitions, as far as they were assigned since [`Membership::forget_topics`].
    topics: HashSet<String>,
}

impl Membership {
    pub(super) fn subscribed(&mut self) {
        self.is_subscribed = true;
    }

    pub(super) fn unsubscribed(&mut self) {
        *self = Self::default();
    }

    pub(super) fn assigned(&mut self, topics: impl IntoIterator<Item = String>) {
        self.has_joined = true;
        self.topics.extend(topics);
    }

    /// Partitions of these topics were revoked.
    pub(super) fn revoked(&mut self, topics: impl IntoIterator<Item = String>) {
        for topic in topics {
            self.topics.remove(&topic);
        }
    }

    /// Partitions of these topics were lost: the group continues without the consumer, which joins again as a new member.
    pub(super) fn lost(&mut self, topics: impl IntoIterator<Item = String>) {
        self.has_joined = false;
        self.revoked(topics);
    }

    /// Returns whether the topics may be changed now. `wanted` is the time at which the change became necessary.
    pub(super) fn may_change_topics(&self, wanted: Instant, now: Instant) -> bool {
        self.has_joined || !self.is_subscribed || now.duration_since(wanted) >= FIRST_JOIN
    }

    pub(super) fn has_got(&self, topic: &str) -> bool {
        self.topics.contains(topic)
    }

    pub(super) fn forget_topics(&mut self) {
        self.topics.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
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
        membership.assigned([]);
        assert!(membership.may_change_topics(wanted, wanted));
        membership.lost([]);
        assert!(!membership.may_change_topics(wanted, wanted));
        membership.unsubscribed();
        assert!(membership.may_change_topics(wanted, wanted));
    }

    #[test]
    fn topics_that_were_assigned_are_known_until_they_are_gone_or_forgotten() {
        let mut membership = Membership::default();
        membership.assigned(names(&["a"]));
        membership.assigned(names(&["b", "c"]));
        assert!(membership.has_got("a") && membership.has_got("b") && !membership.has_got("d"));
        membership.revoked(names(&["a"]));
        membership.lost(names(&["b"]));
        assert!(!membership.has_got("a") && !membership.has_got("b") && membership.has_got("c"));
        membership.forget_topics();
        assert!(!membership.has_got("c"));
    }
}
