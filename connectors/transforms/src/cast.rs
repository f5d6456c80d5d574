//! Casts fields, or the whole key or value, to another type.

mod convert;
mod source;
mod spec;
mod structure;

use std::marker::PhantomData;

use weir_sdk::schema::Schema;
use weir_sdk::transform::{Columns, Outcome, Record};
use weir_sdk::value::{FieldName, Value};
use weir_sdk::{Config, ConfigError, RecordError, Transform};

use crate::by_schema::BySchema;
use crate::defaults::Defaults;
use crate::require;
use crate::side::Side;
use source::Source;
use spec::{Spec, Type};
use structure::{Fields, Whole};

const PURPOSE: &str = "cast types";

/// The keys of [`Cast`].
#[derive(Config, Debug)]
pub struct CastConfig {
    /// List of fields and the type to cast them to of the form field1:type,field2:type to cast fields of Maps or Structs. A
    /// single type to cast the entire value. Valid types are int8, int16, int32, int64, float32, float64, boolean, and string.
    /// Note that binary fields can only be cast to string.
    #[config(importance = high)]
    spec: Vec<String>,
    /// Whether to replace fields that have a default value and that are null to the default value. When set to true, the
    /// default value is used, otherwise null is used.
    #[config(name = "replace.null.with.default", default = true, importance = medium)]
    replace_null_with_default: bool,
}

/// `org.apache.kafka.connect.transforms.Cast$Key` and `$Value`
#[derive(Debug)]
pub struct Cast<S> {
    spec: Spec,
    replace_null_with_default: bool,
    fields: BySchema<Fields>,
    wholes: BySchema<Whole>,
    defaults: Defaults,
    /// The name of the whole value while it is treated as a field.
    holder: FieldName,
    /// A buffer for the new value, which is used again for the next record.
    buffer: Vec<u8>,
    side: PhantomData<S>,
}

impl<S: Side> Transform for Cast<S> {
    const CLASS: &'static str = if S::IS_KEY {
        "org.apache.kafka.connect.transforms.Cast$Key"
    } else {
        "org.apache.kafka.connect.transforms.Cast$Value"
    };
    const VERSION: &'static str = crate::VERSION;
    type Config = CastConfig;

    fn new(config: CastConfig) -> Result<Cast<S>, ConfigError> {
        Ok(Cast {
            spec: Spec::new(&config.spec)?,
            replace_null_with_default: config.replace_null_with_default,
            fields: BySchema::default(),
            wholes: BySchema::default(),
            defaults: Defaults::default(),
            holder: FieldName::new("value"),
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
        match (&self.spec, value.schema().cloned()) {
            (Spec::Whole(to), schema) => {
                let to = *to;
                self.cast_whole(value, schema, to)?;
            }
            (Spec::Fields(_), None) => self.cast_in_map(value)?,
            (Spec::Fields(_), Some(schema)) => self.cast_in_struct(value, &schema)?,
        }
        Ok(Outcome::Keep)
    }
}

impl<S> Cast<S> {
    fn cast_whole(&mut self, value: &mut Value<'_>, schema: Option<Schema>, to: Type) -> Result<(), RecordError> {
        let (source, schema) = match schema {
            None => (None, None),
            Some(schema) => {
                let whole = self.wholes.get_or_make(&schema, || Whole::new(&schema, to))?;
                (Some(whole.source), Some(whole.schema.clone()))
            }
        };
        // As a field of a map, text is a JSON string and bytes are base64.
        value.wrap(&self.holder, None);
        let buffer = &mut self.buffer;
        value.update(&self.holder, |json| {
            json.map_or(Ok(None), |json| {
                convert::cast(json, source.unwrap_or_else(|| Source::of_json(json)), to, buffer)?;
                Ok::<_, RecordError>(Some(&buffer[..]))
            })
        })?;
        value.extract(&self.holder, schema)?;
        Ok(())
    }

    fn cast_in_map(&mut self, value: &mut Value<'_>) -> Result<(), RecordError> {
        require::map(value, PURPOSE)?;
        let Spec::Fields(fields) = &self.spec else { return Ok(()) };
        for (name, to) in fields {
            let buffer = &mut self.buffer;
            value.update(name, |json| match json {
                // Kafka Connect adds a missing field.
                None => Ok(Some(&b"null"[..])),
                Some(json) if json.is_null() => Ok(None),
                Some(json) => {
                    convert::cast(json, Source::of_json(json), *to, buffer)?;
                    Ok::<_, RecordError>(Some(&buffer[..]))
                }
            })?;
        }
        Ok(())
    }

    fn cast_in_struct(&mut self, value: &mut Value<'_>, schema: &Schema) -> Result<(), RecordError> {
        let (spec, replace_null) = (&self.spec, self.replace_null_with_default);
        let fields = self.fields.get_or_make(schema, || Fields::new(schema, spec, replace_null))?;
        require::structure(value, PURPOSE)?;
        if replace_null {
            self.defaults.fill(value, schema)?;
        }
        for field in &fields.changed {
            let buffer = &mut self.buffer;
            value.update(&field.name, |json| {
                match (json.filter(|json| !json.is_null()), &field.cast, &field.required) {
                    (None, _, Some(message)) => Err(RecordError::new(message)),
                    (Some(json), Some((source, to)), _) => {
                        convert::cast(json, *source, *to, buffer)?;
                        Ok(Some(&buffer[..]))
                    }
                    _ => Ok(None),
                }
            })?;
        }
        value.set_schema(Some(fields.schema.clone()));
        Ok(())
    }
}
