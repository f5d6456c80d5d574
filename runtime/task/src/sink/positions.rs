//! Where a sink task stands in each of its partitions: what was given to the plugin, and what is committed.
//!
//! Invariant 2: an offset is committed only after the plugin has said that it is safe, and it is never above what the plugin
//! was given.

use std::collections::BTreeMap;

use weir_kafka::consumer::Position;

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Place {
    /// After the last row that was given to the plugin.
    next: Option<i64>,
    /// The first row that was read since the partition was assigned.
    first: Option<i64>,
    /// Known to be committed.
    committed: Option<i64>,
}

/// The task's partitions.
#[derive(Debug, Default)]
pub(super) struct Positions {
    places: BTreeMap<(String, i32), Place>,
}

impl Positions {
    /// A partition was assigned.
    pub(super) fn open(&mut self, topic: &str, partition: i32, committed: Option<i64>) {
        let place = Place { committed, ..Place::default() };
        self.places.insert((topic.to_owned(), partition), place);
    }

    /// A partition was taken away.
    pub(super) fn close(&mut self, topic: &str, partition: i32) {
        self.places.remove(&(topic.to_owned(), partition));
    }

    pub(super) fn contains(&self, topic: &str, partition: i32) -> bool {
        self.places.contains_key(&(topic.to_owned(), partition))
    }

    /// All partitions.
    pub(super) fn partitions(&self) -> impl Iterator<Item = (&str, i32)> {
        self.places.keys().map(|(topic, partition)| (topic.as_str(), *partition))
    }

    /// A row was read. From here on there is a place to go back to, whether or not the plugin ever takes the row.
    pub(super) fn read(&mut self, topic: &str, partition: i32, offset: i64) {
        if let Some(place) = self.places.get_mut(&(topic.to_owned(), partition)) {
            place.first.get_or_insert(offset);
        }
    }

    /// Rows from `first` up to and without `next` were taken by the plugin, or dropped before it.
    pub(super) fn advance(&mut self, topic: &str, partition: i32, first: i64, next: i64) {
        if let Some(place) = self.places.get_mut(&(topic.to_owned(), partition)) {
            place.first.get_or_insert(first);
            place.next = Some(next);
        }
    }

    /// The plugin asked to read again from here.
    pub(super) fn rewind(&mut self, topic: &str, partition: i32, offset: i64) {
        if let Some(place) = self.places.get_mut(&(topic.to_owned(), partition)) {
            // Kafka Connect resets both, so that the next commit is made from the new place.
            *place = Place { next: Some(offset), first: Some(offset), committed: Some(offset) };
        }
    }

    /// What to ask the plugin about: the places after what it was given, of all partitions or of those for which `wanted` says so.
    pub(super) fn given(&self, wanted: impl Fn(&str, i32) -> bool) -> Vec<Position> {
        self.places
            .iter()
            .filter(|((topic, partition), _)| wanted(topic, *partition))
            .filter_map(|((topic, partition), place)| Some((topic.clone(), *partition, place.next?)))
            .collect()
    }

    /// Of the plugin's answer, what differs from what is committed.
    pub(super) fn to_commit(&self, safe: Vec<Position>) -> Vec<Position> {
        safe.into_iter()
            .filter(|(topic, partition, offset)| {
                self.places
                    .get(&(topic.clone(), *partition))
                    // Invariant 2: not above what was given.
                    .is_some_and(|place| {
                        place.committed != Some(*offset) && place.next.is_some_and(|next| *offset <= next)
                    })
            })
            .collect()
    }

    /// Kafka has taken these.
    pub(super) fn committed(&mut self, positions: &[Position]) {
        for (topic, partition, offset) in positions {
            if let Some(place) = self.places.get_mut(&(topic.clone(), *partition)) {
                place.committed = Some(*offset);
            }
        }
    }

    /// Rows that were given to the plugin and are not committed, all partitions together. Without a committed offset those since the
    /// first row that was read.
    pub(super) fn active(&self) -> u64 {
        let of = |place: &Place| Some(place.next? - place.committed.or(place.first)?);
        self.places.values().filter_map(of).map(|rows| u64::try_from(rows).unwrap_or(0)).sum()
    }

    /// True = all that was given is committed: a fresh instance of the plugin lacks nothing.
    pub(super) fn is_all_committed(&self) -> bool {
        self.places.values().all(|place| place.next.is_none() || place.next == place.committed)
    }

    /// Where to read again after the plugin could not say what is safe: what is committed, or else what was read first.
    pub(super) fn go_back(&mut self) -> Vec<Position> {
        self.places
            .iter_mut()
            .filter_map(|((topic, partition), place)| {
                let offset = place.committed.or(place.first)?;
                place.next = None;
                Some((topic.clone(), *partition, offset))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(offset: i64) -> Vec<Position> {
        vec![("t".to_owned(), 0, offset)]
    }

    #[test]
    fn nothing_is_asked_for_before_rows_were_given() {
        let mut positions = Positions::default();
        positions.open("t", 0, Some(5));
        assert_eq!(positions.given(|_, _| true), []);
        positions.advance("t", 0, 5, 8);
        assert_eq!(positions.given(|_, _| true), at(8));
        assert_eq!(positions.given(|_, partition| partition == 1), []);
    }

    #[test]
    fn only_what_is_new_and_was_given_is_committed() {
        let mut positions = Positions::default();
        positions.open("t", 0, Some(5));
        positions.advance("t", 0, 5, 8);
        assert_eq!(positions.to_commit(at(9)), [], "above what was given");
        assert_eq!(positions.to_commit(at(5)), [], "committed already");
        assert_eq!(positions.to_commit(at(7)), at(7));
        positions.committed(&at(7));
        assert_eq!(positions.to_commit(at(7)), []);
        assert_eq!(positions.to_commit(vec![("other".to_owned(), 0, 1)]), [], "not ours");
    }

    #[test]
    fn what_was_given_and_not_committed_can_be_lost() {
        let mut positions = Positions::default();
        positions.open("t", 0, None);
        positions.read("t", 0, 3);
        assert!(positions.is_all_committed());
        positions.advance("t", 0, 3, 8);
        assert!(!positions.is_all_committed());
        positions.committed(&at(8));
        assert!(positions.is_all_committed());
    }

    #[test]
    fn rows_that_were_read_and_never_taken_are_gone_back_to() {
        let mut positions = Positions::default();
        positions.open("t", 0, None);
        positions.read("t", 0, 3);
        positions.read("t", 0, 7);
        assert_eq!(positions.given(|_, _| true), []);
        assert_eq!(positions.go_back(), at(3));
    }

    #[test]
    fn going_back_means_the_committed_offset_or_the_first_row() {
        let mut positions = Positions::default();
        positions.open("t", 0, None);
        positions.advance("t", 0, 3, 8);
        assert_eq!(positions.go_back(), at(3));
        assert_eq!(positions.given(|_, _| true), [], "nothing counts as given any more");
        positions.advance("t", 0, 3, 8);
        positions.committed(&at(6));
        assert_eq!(positions.go_back(), at(6));
    }
}
