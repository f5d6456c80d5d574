//! Flattens nested structs and maps: the names of the new fields are made of the names on their paths.

mod map;
mod structure;

use std::marker::PhantomData;

use weir_sdk::schema::Schema;
use weir_sdk::transform::{Columns, Outcome, Record};
use weir_sdk::value::Value;
use weir_sdk::{Config, ConfigError, RecordError, Transform};

use crate::by_schema::BySchema;
use crate::require;
use crate::side::Side;
use map::Maps;
use structure::Flat;

const PURPOSE: &str = "flattening";

/// The maximum number of bytes of a flattened value. Each field repeats the names on its path, so that a small value can become a large
/// one.
const MAX_BYTES: usize = 32 << 20;

/// The keys of [`Flatten`].
#[derive(Config, Debug)]
pub struct FlattenConfig {
    /// Delimiter to insert between field names from the input record when generating field names for the output record
    #[config(default = ".", importance = medium)]
    delimiter: String,
}

/// `org.apache.kafka.connect.transforms.Flatten$Key` and `$Value`
#[derive(Debug)]
pub struct Flatten<S> {
    delimiter: String,
    maps: Maps,
    structs: BySchema<Flat>,
    /// A buffer for the new value, which is used again for the next record.
    buffer: Vec<u8>,
    side: PhantomData<S>,
}

impl<S: Side> Transform for Flatten<S> {
    const CLASS: &'static str = if S::IS_KEY {
        "org.apache.kafka.connect.transforms.Flatten$Key"
    } else {
        "org.apache.kafka.connect.transforms.Flatten$Value"
    };
    const VERSION: &'static str = crate::VERSION;
    type Config = FlattenConfig;

    fn new(config: FlattenConfig) -> Result<Flatten<S>, ConfigError> {
        Ok(Flatten {
            maps: Maps::new(&config.delimiter),
            delimiter: config.delimiter,
            structs: BySchema::default(),
            buffer: Vec::new(),
            side: PhantomData,
        })
    }

    fn columns(&self) -> Columns {
        S::COLUMNS
    }

    fn apply(&mut self, record: &mut Record<'_>) -> Result<Outcome, RecordError> {
        let value = S::of(record);
        if value.is_null() {
            return Ok(Outcome::Keep);
        }
        match value.schema().cloned() {
            None => self.flatten_map(value)?,
            Some(schema) => self.flatten_struct(value, &schema)?,
        }
        Ok(Outcome::Keep)
    }
}

impl<S> Flatten<S> {
    fn flatten_map(&mut self, value: &mut Value<'_>) -> Result<(), RecordError> {
        require::map(value, PURPOSE)?;
        let Some(json) = value.as_json() else { return Ok(()) };
        if self.maps.write(json, &mut self.buffer)? {
            value.set_json(text(&self.buffer)?, None);
        }
        Ok(())
    }

    fn flatten_struct(&mut self, value: &mut Value<'_>, schema: &Schema) -> Result<(), RecordError> {
        require::structure(value, PURPOSE)?;
        let flat = self.structs.get_or_make(schema, || Flat::new(schema, &self.delimiter))?;
        let Some(json) = value.as_json() else { return Ok(()) };
        flat.write(json, &mut self.buffer)?;
        value.set_json(text(&self.buffer)?, Some(flat.schema().clone()));
        Ok(())
    }
}

fn text(buffer: &[u8]) -> Result<&str, RecordError> {
    std::str::from_utf8(buffer).map_err(RecordError::new)
}

/// Returns an error if the value is too large.
fn check_size(out: &[u8]) -> Result<(), RecordError> {
    if out.len() <= MAX_BYTES {
        return Ok(());
    }
    Err(RecordError::new(format_args!(
        "The flattened value takes more than {} MiB, because each field repeats the names on the way to it; shorten the names \
         or flatten less",
        MAX_BYTES >> 20
    )))
}
