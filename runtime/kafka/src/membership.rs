//! How far a consumer is in its group.

use std::collections::HashSet;
use std::time::{Duration, Instant};

/// How long a consumer that joins its group for the first time keeps its topics. A new member waits for
/// `group.initial.rebalance.delay.ms` (3 s by default) when nothing is wrong.
const FIRST_JOIN: Duration = Duration::from_secs(10);

/// What is known of a consumer's membership.
///
/// When its topics change while the first request to join the group is unanswered, librdkafka ignores the answer, with the member id in it,
/// and joins as another member. The group then waits for the first one until its session ends.
#[derive(Debug, Default)]
pub(super) struct Membership {
    /// When it subscribed to its first topics. `None` while it reads none.
    since: Option<Instant>,
    /// Partitions were assigned to it, perhaps none.
    has_joined: bool,
    /// The topics of partitions that were assigned to it since [`Membership::forget_topics`].
    topics: HashSet<String>,
}

impl Membership {
    pub(super) fn subscribed(&mut self, now: Instant) {
        self.since.get_or_insert(now);
    }

    pub(super) fn unsubscribed(&mut self) {
        *self = Self::default();
    }

    pub(super) fn assigned(&mut self, topics: impl IntoIterator<Item = String>) {
        self.has_joined = true;
        self.topics.extend(topics);
    }

    /// The group goes on without it; it joins again as a new member.
    pub(super) fn lost(&mut self, now: Instant) {
        self.has_joined = false;
        self.since = Some(now);
    }

    pub(super) fn may_change_topics(&self, now: Instant) -> bool {
        self.has_joined || self.since.is_none_or(|since| now.duration_since(since) >= FIRST_JOIN)
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

    #[test]
    fn topics_stay_while_the_group_is_joined_for_the_first_time_but_not_for_ever() {
        let now = Instant::now();
        let mut membership = Membership::default();
        assert!(membership.may_change_topics(now), "it reads nothing");
        membership.subscribed(now);
        assert!(!membership.may_change_topics(now));
        membership.subscribed(now + FIRST_JOIN / 2);
        assert!(!membership.may_change_topics(now + FIRST_JOIN / 2));
        assert!(membership.may_change_topics(now + FIRST_JOIN));
        membership.assigned([]);
        assert!(membership.may_change_topics(now));
        membership.lost(now);
        assert!(!membership.may_change_topics(now));
        membership.unsubscribed();
        assert!(membership.may_change_topics(now));
    }

    #[test]
    fn topics_that_were_assigned_are_known_until_they_are_forgotten() {
        let mut membership = Membership::default();
        membership.assigned(["a".to_owned()]);
        membership.assigned(["b".to_owned()]);
        assert!(membership.has_got("a") && membership.has_got("b") && !membership.has_got("c"));
        membership.forget_topics();
        assert!(!membership.has_got("a"));
    }
}
