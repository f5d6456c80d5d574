//! A cache for schemas derived from other schemas, so that each is derived once and not for every record.

use crate::schema::Schema;

/// The size of the caches in Kafka Connect's transforms.
const ENTRIES: usize = 16;

/// The schemas that a transform has derived from input schemas, most recently used first. A schema is looked up by
/// identity: all records of a batch with the same schema share it, and the runner shares it between batches.
///
/// ```
/// use weir_sdk::schema::Schema;
/// use weir_sdk::value::SchemaCache;
/// let mut cache = SchemaCache::default();
/// let text = Schema::string().build();
/// let made = cache.get_or_make(&text, || Ok::<_, ()>(Schema::string().optional().build())).unwrap();
/// let again = cache.get_or_make(&text, || Err("made only once")).unwrap();
/// assert!(made == again);
/// ```
#[derive(Clone, Debug, Default)]
pub struct SchemaCache {
    entries: Vec<(Schema, Schema)>,
}

impl SchemaCache {
    /// Returns the schema that was derived from `from`, or calls `make` to derive it. Errors are not cached.
    #[inline]
    pub fn get_or_make<E>(&mut self, from: &Schema, make: impl FnOnce() -> Result<Schema, E>) -> Result<Schema, E> {
        if let Some((known, made)) = self.entries.first()
            && known.same(from)
        {
            return Ok(made.clone());
        }
        self.search(from, make)
    }

    fn search<E>(&mut self, from: &Schema, make: impl FnOnce() -> Result<Schema, E>) -> Result<Schema, E> {
        let made = match self.entries.iter().position(|(known, _)| known.same(from)) {
            Some(at) => self.entries.remove(at).1,
            None => make()?,
        };
        self.entries.truncate(ENTRIES - 1);
        self.entries.insert(0, (from.clone(), made.clone()));
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixteen_latest_are_kept() {
        let mut cache = SchemaCache::default();
        let schemas: Vec<Schema> = (0..17).map(|_| Schema::int8().build()).collect();
        let mut made = 0;
        let mut get = |at: usize| {
            let mut new = false;
            cache
                .get_or_make(&schemas[at], || {
                    new = true;
                    made += 1;
                    Ok::<_, ()>(Schema::int16().version(at as i32).build())
                })
                .unwrap();
            new
        };
        (0..16).for_each(|at| assert!(get(at)));
        assert!(!get(0), "used again, so the next one to go is 1");
        assert!(get(16));
        assert!(!get(0));
        assert!(get(1));
        assert_eq!(made, 18);
    }
}
