//! A table of the texts that occur in a batch: topics, source partitions. A text that is there already is found without an
//! allocation, and the one that came last without a look-up.

use std::collections::HashMap;

#[derive(Debug, Default)]
pub(crate) struct Names {
    list: Vec<String>,
    indexes: HashMap<String, u32>,
    last: u32,
}

impl Names {
    pub(crate) fn index(&mut self, name: &str) -> u32 {
        if self.list.get(self.last as usize).is_none_or(|last| last != name) {
            self.last = match self.indexes.get(name) {
                Some(index) => *index,
                None => {
                    let index = self.list.len() as u32;
                    self.list.push(name.into());
                    self.indexes.insert(name.into(), index);
                    index
                }
            };
        }
        self.last
    }

    pub(crate) fn into_list(self) -> Vec<String> {
        self.list
    }
}
