//! A table of the texts that occur in a batch, such as topics and source partitions. Finding an existing text needs no
//! allocation, and finding the most recent one needs no lookup.

use std::collections::HashMap;

#[derive(Debug, Default)]
pub(crate) struct Names {
    list: Vec<String>,
    indexes: HashMap<String, u32>,
    last: u32,
}

impl Names {
    pub(crate) fn index(&mut self, name: &str) -> u32 {
        if self.list.get(self.last as usize).is_none_or(|last| !same(last.as_bytes(), name.as_bytes())) {
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

/// Compares eight bytes at a time. This runs for every record, and WebAssembly's `memcmp` compares single bytes.
fn same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let (words, rest) = one.as_chunks::<8>();
    let (other_words, other_rest) = other.as_chunks::<8>();
    words.iter().zip(other_words).all(|(word, other)| u64::from_le_bytes(*word) == u64::from_le_bytes(*other))
        && rest.iter().zip(other_rest).all(|(byte, other)| byte == other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_has_one_index_and_texts_that_differ_anywhere_have_others() {
        let mut names = Names::default();
        let texts = ["", "a", "abcdefgh", "abcdefgi", "abcdefgh1", "abcdefgh2", "abcdefgh12345678", "bbcdefgh12345678"];
        for (index, text) in texts.iter().enumerate() {
            assert_eq!(names.index(text), index as u32);
        }
        for (index, text) in texts.iter().enumerate().rev() {
            assert_eq!(names.index(text), index as u32);
            assert_eq!(names.index(text), index as u32, "the one that came last");
        }
        assert_eq!(names.into_list(), texts);
    }
}
