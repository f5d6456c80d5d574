//! Which partitions the consumer was sent to other offsets in since the records in hand were read.

use std::collections::HashMap;

use weir_plugin::TopicPartition;

/// For each partition the offset that is read next.
#[derive(Debug, Default)]
pub(super) struct Rewound {
    /// `None` if the offset does not depend on what was read before: the plugin named it, or it is the committed one.
    offsets: HashMap<TopicPartition, Option<i64>>,
}

impl Rewound {
    /// New records were read.
    pub(super) fn clear(&mut self) {
        self.offsets.clear();
    }

    /// The partition is read from an offset that the plugin asked for, or from the committed one. Records that were read before do not
    /// change that.
    pub(super) fn redirect(&mut self, id: &TopicPartition) {
        self.offsets.insert(id.clone(), None);
    }

    /// Records from this offset on are not processed now. Returns whether the consumer has to go back there to read them again: not if it
    /// already went to an earlier offset.
    pub(super) fn must_seek(&mut self, id: &TopicPartition, offset: i64) -> bool {
        match self.offsets.get_mut(id) {
            Some(None) => false,
            Some(Some(known)) if *known <= offset => false,
            Some(known) => {
                *known = Some(offset);
                true
            }
            None => {
                self.offsets.insert(id.clone(), Some(offset));
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_offset_of_records_that_are_read_again_counts() {
        let mut rewound = Rewound::default();
        let id = TopicPartition::new("t", 0);
        assert!(rewound.must_seek(&id, 5));
        assert!(!rewound.must_seek(&id, 8));
        assert!(rewound.must_seek(&id, 2), "these records would be lost");
        assert!(!rewound.must_seek(&id, 5));
        assert!(rewound.must_seek(&TopicPartition::new("t", 1), 5));
        rewound.clear();
        assert!(rewound.must_seek(&id, 5));
    }

    #[test]
    fn where_the_plugin_wants_to_read_counts_more_than_what_was_read_before() {
        let mut rewound = Rewound::default();
        let id = TopicPartition::new("t", 0);
        rewound.redirect(&id);
        assert!(!rewound.must_seek(&id, 5));
        assert!(rewound.must_seek(&TopicPartition::new("t", 1), 5));
        assert!(!rewound.must_seek(&id, 2));
    }
}
