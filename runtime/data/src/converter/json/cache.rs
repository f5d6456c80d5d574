//! A cache of prepared schemas, limited in number (`schemas.cache.size`) and in bytes, because a schema may have any size.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

/// The maximum number of bytes that the schemas of a cache may take.
const MAX_BYTES: usize = 16 << 20;

/// The size of a schema with its shape, as a multiple of the schema's weight.
pub(super) const SHAPE_FACTOR: usize = 3;

/// A cache that is cleared when it is full. Topics with more schemas than fit into it are rare.
pub(super) struct Cache<K, V> {
    max_entries: usize,
    entries: HashMap<K, V>,
    bytes: usize,
}

impl<K: Eq + Hash, V> Cache<K, V> {
    pub(super) fn new(max_entries: usize) -> Self {
        Self { max_entries, entries: HashMap::new(), bytes: 0 }
    }

    pub(super) fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.entries.get(key)
    }

    /// Adds an entry that takes `bytes`, unless it is too large for the cache.
    pub(super) fn insert(&mut self, key: K, value: V, bytes: usize) {
        if self.entries.len() >= self.max_entries || self.bytes.saturating_add(bytes) > MAX_BYTES {
            self.entries.clear();
            self.bytes = 0;
        }
        if self.max_entries > 0 && bytes <= MAX_BYTES {
            self.bytes += bytes;
            self.entries.insert(key, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_and_bytes_are_bounded() {
        let mut cache = Cache::new(3);
        for key in 0..3 {
            cache.insert(key, key, 1);
        }
        assert_eq!(cache.get(&0), Some(&0));
        cache.insert(3, 3, 1);
        assert_eq!((cache.get(&0), cache.get(&3), cache.bytes), (None, Some(&3), 1));

        cache.insert(4, 4, MAX_BYTES);
        assert_eq!((cache.get(&3), cache.get(&4)), (None, Some(&4)));
        cache.insert(5, 5, MAX_BYTES + 1);
        assert_eq!((cache.get(&4), cache.get(&5), cache.bytes), (None, None, 0));
    }

    #[test]
    fn a_cache_of_size_0_stores_nothing() {
        let mut cache = Cache::new(0);
        cache.insert(1, 1, 1);
        assert_eq!(cache.get(&1), None);
    }
}
