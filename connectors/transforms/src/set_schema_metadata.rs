//! Sets the name or version of the schema of the key or the value.

use std::marker::PhantomData;

use weir_sdk::schema::{Schema, SchemaType};
use weir_sdk::transform::{Columns, Outcome, Record};
use weir_sdk::{Config, ConfigError, RecordError, Transform};

use crate::by_schema::BySchema;
use crate::defaults::Defaults;
use crate::require::{self, Required};
use crate::side::Side;

const PURPOSE: &str = "updating schema metadata";

/// The keys of [`SetSchemaMetadata`].
#[derive(Config, Debug)]
pub struct SetSchemaMetadataConfig {
    /// Schema name to set.
    #[config(name = "schema.name", importance = high)]
    name: Option<String>,
    /// Schema version to set.
    #[config(name = "schema.version", importance = high)]
    version: Option<i32>,
    /// Whether to replace fields that have a default value and that are null to the default value. When set to true, the
    /// default value is used, otherwise null is used.
    #[config(name = "replace.null.with.default", default = true, importance = medium)]
    replace_null_with_default: bool,
}

/// `org.apache.kafka.connect.transforms.SetSchemaMetadata$Key` and `$Value`
#[derive(Debug)]
pub struct SetSchemaMetadata<S> {
    name: Option<String>,
    version: Option<i32>,
    replace_null_with_default: bool,
    schemas: BySchema<(Schema, Required)>,
    defaults: Defaults,
    side: PhantomData<S>,
}

impl<S: Side> Transform for SetSchemaMetadata<S> {
    const CLASS: &'static str = if S::IS_KEY {
        "org.apache.kafka.connect.transforms.SetSchemaMetadata$Key"
    } else {
        "org.apache.kafka.connect.transforms.SetSchemaMetadata$Value"
    };
    const VERSION: &'static str = crate::VERSION;
    type Config = SetSchemaMetadataConfig;

    fn new(config: SetSchemaMetadataConfig) -> Result<SetSchemaMetadata<S>, ConfigError> {
        if config.name.is_none() && config.version.is_none() {
            let message = "Neither schema name nor version configured".into();
            return Err(ConfigError { key: String::new(), message });
        }
        Ok(SetSchemaMetadata {
            name: config.name,
            version: config.version,
            replace_null_with_default: config.replace_null_with_default,
            schemas: BySchema::default(),
            defaults: Defaults::default(),
            side: PhantomData,
        })
    }

    fn columns(&self) -> Columns {
        S::COLUMNS
    }

    fn apply(&mut self, record: &mut Record<'_>) -> Result<Outcome, RecordError> {
        let value = S::of(record);
        let Some(schema) = value.schema().cloned() else {
            if value.is_null() {
                return Ok(Outcome::Keep);
            }
            return Err(RecordError::new(format_args!("Schema required for [{PURPOSE}]")));
        };
        let (name, version) = (self.name.as_ref(), self.version);
        let (updated, required) = self.schemas.get_or_make(&schema, || updated(&schema, name, version))?;
        if value.is_object() {
            if self.replace_null_with_default {
                self.defaults.fill(value, &schema)?;
            } else {
                required.check(value)?;
            }
        }
        value.set_schema(Some(updated.clone()));
        Ok(Outcome::Keep)
    }
}

fn updated(schema: &Schema, name: Option<&String>, version: Option<i32>) -> Result<(Schema, Required), RecordError> {
    if schema.kind() != SchemaType::Struct {
        return Err(RecordError::new(require::NO_FIELDS));
    }
    let mut nodes = schema.nodes().to_vec();
    nodes[0].name = name.cloned().or(nodes[0].name.take());
    nodes[0].version = version.or(nodes[0].version);
    Ok((Schema::from_nodes(nodes), Required::of(schema.fields())))
}
