//! The topics of a batch: the names that records refer to by index.

use std::collections::HashMap;
use std::rc::Rc;

/// The names in the batch, and those that steps have added.
#[derive(Debug, Default)]
pub(super) struct Topics {
    names: Vec<Rc<str>>,
    /// The indexes of the names that were passed to `index`.
    known: HashMap<Rc<str>, u32>,
    last: u32,
}

impl Topics {
    pub(super) fn new(names: Vec<String>) -> Topics {
        Topics { names: names.into_iter().map(Rc::from).collect(), known: HashMap::new(), last: 0 }
    }

    /// A batch without records may have no names.
    #[inline]
    pub(super) fn name(&self, index: u32) -> &str {
        self.names.get(index as usize).map_or("", |name| name)
    }

    #[inline]
    pub(super) fn shared(&self, index: u32) -> Rc<str> {
        self.names.get(index as usize).cloned().unwrap_or_default()
    }

    /// Returns the index of a name. Adds the name if it is new.
    #[inline]
    pub(super) fn index(&mut self, name: &str) -> u32 {
        if self.name(self.last) != name {
            self.last = self.search(name);
        }
        self.last
    }

    fn search(&mut self, name: &str) -> u32 {
        if let Some(index) = self.known.get(name) {
            return *index;
        }
        let index = self.names.iter().position(|there| **there == *name).unwrap_or_else(|| {
            self.names.push(name.into());
            self.names.len() - 1
        });
        self.known.insert(Rc::clone(&self.names[index]), index as u32);
        index as u32
    }

    pub(super) fn into_names(self) -> Vec<String> {
        self.names.iter().map(|name| String::from(&**name)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_there_once() {
        let mut topics = Topics::new(vec!["a".into(), "b".into()]);
        let indexes: Vec<u32> = ["b", "c", "a", "c", "d", "b"].map(|name| topics.index(name)).into();
        assert_eq!(indexes, [1, 2, 0, 2, 3, 1]);
        assert_eq!(topics.name(3), "d");
        assert_eq!(topics.into_names(), ["a", "b", "c", "d"]);
    }
}
