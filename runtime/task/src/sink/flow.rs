//! Which partitions deliver records, and which records in hand still follow the ones before them.

use weir_plugin::TopicPartition;

use super::rewound::Rewound;

/// The reasons why the plugin receives no records.
#[derive(Debug, Default)]
pub(super) struct Flow {
    /// Whether the connector is paused.
    pub(super) paused: bool,
    /// Partitions that the plugin has paused.
    paused_by_plugin: Vec<TopicPartition>,
    /// Whether the plugin has paused or rewound partitions while the records that were fetched together are processed. The rest of them is
    /// then read again.
    pub(super) invalidated: bool,
    /// Partitions that were sent to other offsets since those records were fetched.
    pub(super) rewound: Rewound,
}

impl Flow {
    /// Records were fetched.
    pub(super) fn fetched(&mut self) {
        self.invalidated = false;
        self.rewound.clear();
    }

    /// The plugin pauses a partition.
    pub(super) fn pause(&mut self, id: &TopicPartition) {
        if !self.is_paused_by_plugin(id) {
            self.paused_by_plugin.push(id.clone());
        }
    }

    /// The plugin resumes a partition, or no longer has it.
    pub(super) fn resume(&mut self, id: &TopicPartition) {
        self.paused_by_plugin.retain(|paused| paused != id);
    }

    /// The plugin is replaced. Returns the partitions that the old one had paused.
    pub(super) fn take_paused_by_plugin(&mut self) -> Vec<TopicPartition> {
        std::mem::take(&mut self.paused_by_plugin)
    }

    pub(super) fn is_paused_by_plugin(&self, id: &TopicPartition) -> bool {
        self.paused_by_plugin.contains(id)
    }
}
