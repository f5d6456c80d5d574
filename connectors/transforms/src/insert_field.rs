//! Adds fields to the key or the value: the topic, partition, offset or timestamp of the record, or a fixed text.

use std::marker::PhantomData;

use weir_sdk::schema::{Schema, SchemaBuilder};
use weir_sdk::transform::{Columns, Outcome, Record};
use weir_sdk::value::{FieldError, FieldName, NotAnObject, SchemaCache, StructBuilder, Value, json_string};
use weir_sdk::{Config, ConfigError, RecordError, Transform};

use crate::defaults::Defaults;
use crate::require;
use crate::side::Side;

const PURPOSE: &str = "field insertion";

/// The keys of [`InsertField`].
#[derive(Config, Debug)]
pub struct InsertFieldConfig {
    /// Field name for Kafka topic. Suffix with <code>!</code> to make this a required field, or <code>?</code> to keep it
    /// optional (the default).
    #[config(name = "topic.field", importance = medium)]
    topic: Option<String>,
    /// Field name for Kafka partition. Suffix with <code>!</code> to make this a required field, or <code>?</code> to keep it
    /// optional (the default).
    #[config(name = "partition.field", importance = medium)]
    partition: Option<String>,
    /// Field name for Kafka offset - only applicable to sink connectors.<br/>Suffix with <code>!</code> to make this a
    /// required field, or <code>?</code> to keep it optional (the default).
    #[config(name = "offset.field", importance = medium)]
    offset: Option<String>,
    /// Field name for record timestamp. Suffix with <code>!</code> to make this a required field, or <code>?</code> to keep it
    /// optional (the default).
    #[config(name = "timestamp.field", importance = medium)]
    timestamp: Option<String>,
    /// Field name for static data field. Suffix with <code>!</code> to make this a required field, or <code>?</code> to keep it
    /// optional (the default).
    #[config(name = "static.field", importance = medium)]
    static_field: Option<String>,
    /// Static field value, if field name configured.
    #[config(name = "static.value", importance = medium)]
    static_value: Option<String>,
    /// Whether to replace fields that have a default value and that are null to the default value. When set to true, the
    /// default value is used, otherwise null is used.
    #[config(name = "replace.null.with.default", default = true, importance = medium)]
    replace_null_with_default: bool,
}

/// `org.apache.kafka.connect.transforms.InsertField$Key` and `$Value`
#[derive(Debug)]
pub struct InsertField<S> {
    /// The fields, in the order in which they are added to a struct.
    inserted: Vec<Inserted>,
    replace_null_with_default: bool,
    schemas: SchemaCache,
    defaults: Defaults,
    side: PhantomData<S>,
}

/// A field to insert.
#[derive(Debug)]
struct Inserted {
    name: FieldName,
    required: bool,
    what: What,
}

#[derive(Debug)]
enum What {
    Topic,
    Partition,
    Offset,
    Timestamp,
    /// The text as a JSON string.
    Static(Vec<u8>),
}

impl<S: Side> Transform for InsertField<S> {
    const CLASS: &'static str = if S::IS_KEY {
        "org.apache.kafka.connect.transforms.InsertField$Key"
    } else {
        "org.apache.kafka.connect.transforms.InsertField$Value"
    };
    const VERSION: &'static str = crate::VERSION;
    type Config = InsertFieldConfig;

    fn new(config: InsertFieldConfig) -> Result<InsertField<S>, ConfigError> {
        let fixed = match (&config.static_field, config.static_value) {
            (Some(field), None) => {
                let why = format_args!("No value specified for static field: {field}");
                return Err(ConfigError::new("static.value", "null", why));
            }
            (_, value) => What::Static(json_string(&value.unwrap_or_default())),
        };
        let specs = [
            (config.topic, What::Topic),
            (config.partition, What::Partition),
            (config.offset, What::Offset),
            (config.timestamp, What::Timestamp),
            (config.static_field, fixed),
        ];
        let inserted: Vec<_> = specs.into_iter().filter_map(|(spec, what)| Some(Inserted::new(&spec?, what))).collect();
        if inserted.is_empty() {
            return Err(ConfigError { key: String::new(), message: "No field insertion configured".into() });
        }
        Ok(InsertField {
            inserted,
            replace_null_with_default: config.replace_null_with_default,
            schemas: SchemaCache::default(),
            defaults: Defaults::default(),
            side: PhantomData,
        })
    }

    fn columns(&self) -> Columns {
        S::COLUMNS
    }

    fn apply(&mut self, record: &mut Record<'_>) -> Result<Outcome, RecordError> {
        if S::of(record).is_null() {
            return Ok(Outcome::Keep);
        }
        match S::of(record).schema().cloned() {
            None => require::map(S::of(record), PURPOSE)?,
            Some(schema) => self.extend_schema(S::of(record), &schema)?,
        }
        for field in &self.inserted {
            field.insert::<S>(record)?;
        }
        Ok(Outcome::Keep)
    }
}

impl<S> InsertField<S> {
    fn extend_schema(&mut self, value: &mut Value<'_>, schema: &Schema) -> Result<(), RecordError> {
        require::structure(value, PURPOSE)?;
        let extended =
            self.schemas.get_or_make(schema, || extended(schema, &self.inserted)).map_err(RecordError::new)?;
        if self.replace_null_with_default {
            self.defaults.fill(value, schema)?;
        }
        value.set_schema(Some(extended));
        Ok(())
    }
}

impl Inserted {
    /// Parses a name with its suffix.
    fn new(spec: &str, what: What) -> Inserted {
        let (name, required) = match (spec.strip_suffix('!'), spec.strip_suffix('?')) {
            (Some(name), _) => (name, true),
            (None, Some(name)) => (name, false),
            (None, None) => (spec, false),
        };
        Inserted { name: FieldName::new(name), required, what }
    }

    fn schema(&self) -> Schema {
        let schema = match self.what {
            What::Topic | What::Static(_) => Schema::string(),
            What::Partition => Schema::int32(),
            What::Offset => Schema::int64(),
            What::Timestamp => Schema::timestamp(),
        };
        if self.required { schema.build() } else { SchemaBuilder::optional(schema).build() }
    }

    #[inline]
    fn insert<S: Side>(&self, record: &mut Record<'_>) -> Result<(), RecordError> {
        match &self.what {
            What::Topic => {
                let topic = record.shared_topic();
                S::of(record).set_str(&self.name, &topic)?;
            }
            What::Static(json) => S::of(record).set_raw(&self.name, json)?,
            What::Offset => {
                let offset = require::sink_record(record.offset(), PURPOSE)?;
                S::of(record).set_i64(&self.name, offset)?;
            }
            What::Partition => self.insert_known(record.partition().map(i64::from), S::of(record))?,
            What::Timestamp => self.insert_known(record.timestamp(), S::of(record))?,
        }
        Ok(())
    }

    /// A missing value is not added to a map. A struct has all fields of its schema.
    fn insert_known(&self, number: Option<i64>, value: &mut Value<'_>) -> Result<(), NotAnObject> {
        match number {
            Some(number) => value.set_i64(&self.name, number),
            None if value.schema().is_some() => value.set_raw(&self.name, b"null"),
            None => Ok(()),
        }
    }
}

/// Returns the schema with the new fields after its own.
fn extended(schema: &Schema, inserted: &[Inserted]) -> Result<Schema, FieldError> {
    let mut builder = StructBuilder::basics_of(schema.root());
    for (name, field) in schema.fields() {
        builder.field(name, field)?;
    }
    for field in inserted {
        builder.field(field.name.text(), field.schema().root())?;
    }
    Ok(builder.build())
}
