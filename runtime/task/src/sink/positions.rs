//! The progress of a sink task in each of its partitions: what was passed to the plugin, and what is committed.
//!
//! Invariant 2: an offset is committed only after the plugin has said that it is safe, and it is never above what the plugin
//! was given.

use std::collections::BTreeMap;

use weir_data::topic_partition::{TopicPartition, TopicPartitionOffset};

use super::commit::Which;

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Progress {
    /// The offset after the last record that was passed to the plugin.
    next: Option<i64>,
    /// The offset of the first record that was read since the partition was assigned.
    first: Option<i64>,
    /// The offset that is known to be committed.
    committed: Option<i64>,
}

/// The task's partitions.
#[derive(Debug, Default)]
pub(super) struct Positions {
    partitions: BTreeMap<TopicPartition, Progress>,
}

impl Positions {
    /// A partition was assigned.
    pub(super) fn open(&mut self, id: TopicPartition, committed: Option<i64>) {
        self.partitions.insert(id, Progress { committed, ..Progress::default() });
    }

    /// A partition was revoked or lost.
    pub(super) fn close(&mut self, id: &TopicPartition) {
        self.partitions.remove(id);
    }

    pub(super) fn contains(&self, id: &TopicPartition) -> bool {
        self.partitions.contains_key(id)
    }

    /// All partitions.
    pub(super) fn partitions(&self) -> Vec<TopicPartition> {
        self.partitions.keys().cloned().collect()
    }

    /// The number of partitions.
    pub(super) fn count(&self) -> usize {
        self.partitions.len()
    }

    /// Notes that a record was read. From now on there is an offset to read from again, whether or not the plugin ever accepts the record.
    pub(super) fn read(&mut self, id: &TopicPartition, offset: i64) {
        if let Some(progress) = self.partitions.get_mut(id) {
            progress.first.get_or_insert(offset);
        }
    }

    /// The plugin accepted the records from `first` up to but without `next`, or they were dropped before it.
    pub(super) fn advance(&mut self, id: &TopicPartition, first: i64, next: i64) {
        if let Some(progress) = self.partitions.get_mut(id) {
            progress.first.get_or_insert(first);
            progress.next = Some(next);
        }
    }

    /// The plugin asked to read again from here.
    pub(super) fn rewind(&mut self, id: &TopicPartition, offset: i64) {
        if let Some(progress) = self.partitions.get_mut(id) {
            // Kafka Connect resets both, so that the next commit is made from the new offset.
            *progress = Progress { next: Some(offset), first: Some(offset), committed: Some(offset) };
        }
    }

    /// Returns what to ask the plugin about: the offsets after what was passed to it.
    pub(super) fn given(&self, which: Which<'_>) -> Vec<TopicPartitionOffset> {
        self.partitions
            .iter()
            .filter(|(id, _)| which.contains(id))
            .filter_map(|(id, progress)| Some(id.clone().at(progress.next?)))
            .collect()
    }

    /// Returns what of the plugin's answer differs from what is committed.
    pub(super) fn to_commit(&self, safe: Vec<TopicPartitionOffset>) -> Vec<TopicPartitionOffset> {
        safe.into_iter()
            .filter_map(|safe| {
                let (id, offset) = safe.into_parts();
                let progress = self.partitions.get(&id)?;
                // Invariant 2: not above what was given.
                let is_wanted = progress.committed != Some(offset) && progress.next.is_some_and(|next| offset <= next);
                is_wanted.then(|| id.at(offset))
            })
            .collect()
    }

    /// Kafka has committed an offset.
    pub(super) fn committed(&mut self, id: &TopicPartition, offset: i64) {
        if let Some(progress) = self.partitions.get_mut(id) {
            progress.committed = Some(offset);
        }
    }

    /// Returns the number of records that were passed to the plugin and are not committed, in all partitions. Without a committed offset
    /// those since the first record that was read.
    pub(super) fn active(&self) -> u64 {
        let of = |progress: &Progress| Some(progress.next? - progress.committed.or(progress.first)?);
        self.partitions.values().filter_map(of).map(|records| u64::try_from(records).unwrap_or(0)).sum()
    }

    /// Returns whether all that was given is committed: a new instance of the plugin lacks nothing.
    pub(super) fn is_all_committed(&self) -> bool {
        self.partitions.values().all(|progress| progress.next.is_none() || progress.next == progress.committed)
    }

    /// Returns where to read again after the plugin failed: from the committed offset, or else from the first one that was read.
    pub(super) fn go_back(&mut self) -> Vec<TopicPartitionOffset> {
        self.partitions
            .iter_mut()
            .filter_map(|(id, progress)| {
                let offset = progress.committed.or(progress.first)?;
                progress.next = None;
                Some(id.clone().at(offset))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> TopicPartition {
        TopicPartition::new("t", 0)
    }

    fn at(offset: i64) -> Vec<TopicPartitionOffset> {
        vec![id().at(offset)]
    }

    #[test]
    fn nothing_is_asked_for_before_records_were_given() {
        let mut positions = Positions::default();
        positions.open(id(), Some(5));
        assert_eq!(positions.given(Which::All), []);
        positions.advance(&id(), 5, 8);
        assert_eq!(positions.given(Which::All), at(8));
        assert_eq!(positions.given(Which::Of(&[TopicPartition::new("t", 1)])), []);
    }

    #[test]
    fn only_what_is_new_and_was_given_is_committed() {
        let mut positions = Positions::default();
        positions.open(id(), Some(5));
        positions.advance(&id(), 5, 8);
        assert_eq!(positions.to_commit(at(9)), [], "above what was given");
        assert_eq!(positions.to_commit(at(5)), [], "committed already");
        assert_eq!(positions.to_commit(at(7)), at(7));
        positions.committed(&id(), 7);
        assert_eq!(positions.to_commit(at(7)), []);
        assert_eq!(positions.to_commit(vec![TopicPartition::new("other", 0).at(1)]), [], "not ours");
    }

    #[test]
    fn what_was_given_and_not_committed_can_be_lost() {
        let mut positions = Positions::default();
        positions.open(id(), None);
        positions.read(&id(), 3);
        assert!(positions.is_all_committed());
        positions.advance(&id(), 3, 8);
        assert!(!positions.is_all_committed());
        positions.committed(&id(), 8);
        assert!(positions.is_all_committed());
    }

    #[test]
    fn the_task_goes_back_to_records_that_were_read_and_never_accepted() {
        let mut positions = Positions::default();
        positions.open(id(), None);
        positions.read(&id(), 3);
        positions.read(&id(), 7);
        assert_eq!(positions.given(Which::All), []);
        assert_eq!(positions.go_back(), at(3));
    }

    #[test]
    fn going_back_means_the_committed_offset_or_the_first_record() {
        let mut positions = Positions::default();
        positions.open(id(), None);
        positions.advance(&id(), 3, 8);
        assert_eq!(positions.go_back(), at(3));
        assert_eq!(positions.given(Which::All), [], "nothing counts as given any more");
        positions.advance(&id(), 3, 8);
        positions.committed(&id(), 6);
        assert_eq!(positions.go_back(), at(6));
    }
}
