//! A small cache of what was computed for a schema.

use weir_sdk::schema::Schema;

/// The number of schemas that Kafka Connect's transforms cache.
const ENTRIES: usize = 16;

/// Values by schema, the most recently used one first. Errors are not cached.
#[derive(Debug)]
pub(crate) struct BySchema<T> {
    entries: Vec<(Schema, T)>,
}

impl<T> Default for BySchema<T> {
    fn default() -> BySchema<T> {
        BySchema { entries: Vec::new() }
    }
}

impl<T> BySchema<T> {
    /// Returns the value for a schema, and calls `make` if it is not cached.
    #[inline]
    pub(crate) fn get_or_make<E>(&mut self, schema: &Schema, make: impl FnOnce() -> Result<T, E>) -> Result<&T, E> {
        if self.entries.first().is_none_or(|(first, _)| first != schema) {
            self.bring_to_front(schema, make)?;
        }
        Ok(&self.entries[0].1)
    }

    fn bring_to_front<E>(&mut self, schema: &Schema, make: impl FnOnce() -> Result<T, E>) -> Result<(), E> {
        match self.entries.iter().position(|(known, _)| known == schema) {
            Some(at) => self.entries[..=at].rotate_right(1),
            None => {
                let made = make()?;
                self.entries.truncate(ENTRIES - 1);
                self.entries.insert(0, (schema.clone(), made));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixteen_latest_are_kept_and_no_errors() {
        let mut by_schema = BySchema::default();
        let schemas: Vec<Schema> = (0..17).map(|version| Schema::int8().version(version).build()).collect();
        let mut is_new = |at: usize| {
            let mut new = false;
            let answer = by_schema.get_or_make(&schemas[at], || {
                new = true;
                Ok::<_, ()>(at)
            });
            assert_eq!(answer, Ok(&at));
            new
        };
        (0..16).for_each(|at| assert!(is_new(at)));
        assert!(!is_new(0), "used again, so the next one to go is 1");
        assert!(is_new(16));
        assert!(!is_new(0));
        assert!(is_new(1));
        assert_eq!(by_schema.get_or_make(&Schema::string().build(), || Err("no")), Err("no"));
        assert_eq!(by_schema.get_or_make(&Schema::string().build(), || Err("still no")), Err("still no"));
    }
}
