//! Wraps the key or the value in a struct with one field, or in a map if there is no schema.

use std::marker::PhantomData;

use weir_sdk::schema::Schema;
use weir_sdk::transform::{Columns, Outcome, Record};
use weir_sdk::value::{FieldError, FieldName, SchemaCache, StructBuilder};
use weir_sdk::{Config, ConfigError, RecordError, Transform};

use crate::require;
use crate::side::Side;

/// The keys of [`HoistField`].
#[derive(Config, Debug)]
pub struct HoistFieldConfig {
    /// Field name for the single field that will be created in the resulting Struct or Map.
    #[config(importance = medium)]
    field: String,
}

/// `org.apache.kafka.connect.transforms.HoistField$Key` and `$Value`
#[derive(Debug)]
pub struct HoistField<S> {
    field: FieldName,
    schemas: SchemaCache,
    side: PhantomData<S>,
}

impl<S: Side> Transform for HoistField<S> {
    const CLASS: &'static str = if S::IS_KEY {
        "org.apache.kafka.connect.transforms.HoistField$Key"
    } else {
        "org.apache.kafka.connect.transforms.HoistField$Value"
    };
    const VERSION: &'static str = crate::VERSION;
    type Config = HoistFieldConfig;

    fn new(config: HoistFieldConfig) -> Result<HoistField<S>, ConfigError> {
        Ok(HoistField { field: FieldName::new(config.field), schemas: SchemaCache::default(), side: PhantomData })
    }

    fn columns(&self) -> Columns {
        S::COLUMNS
    }

    fn apply(&mut self, record: &mut Record<'_>) -> Result<Outcome, RecordError> {
        let value = S::of(record);
        let schema = match value.schema() {
            None => None,
            Some(schema) => {
                if value.is_null() && !schema.root().is_optional() {
                    return Err(RecordError::new(require::null_message(self.field.text(), schema.root())));
                }
                Some(
                    self.schemas
                        .get_or_make(schema, || hoisted(self.field.text(), schema))
                        .map_err(RecordError::new)?,
                )
            }
        };
        value.wrap(&self.field, schema);
        Ok(Outcome::Keep)
    }
}

/// Returns the schema of a struct with this field.
fn hoisted(field: &str, schema: &Schema) -> Result<Schema, FieldError> {
    let mut builder = StructBuilder::new();
    builder.field(field, schema.root())?;
    Ok(builder.build())
}
