//! Replaces the key or the value by one of its fields.

use std::marker::PhantomData;

use weir_sdk::schema::{Schema, SchemaRef, SchemaType};
use weir_sdk::transform::{Columns, Outcome, Record};
use weir_sdk::value::Value;
use weir_sdk::{Config, ConfigError, RecordError, Transform};

use crate::by_schema::BySchema;
use crate::field_path::FieldPath;
use crate::require;
use crate::side::Side;

const PURPOSE: &str = "field extraction";
const NESTED_PURPOSE: &str = "nested field access";

/// The keys of [`ExtractField`].
#[derive(Config, Debug)]
pub struct ExtractFieldConfig {
    /// Field name to extract.
    #[config(importance = medium)]
    field: String,
    /// Whether to replace fields that have a default value and that are null to the default value. When set to true, the
    /// default value is used, otherwise null is used.
    #[config(name = "replace.null.with.default", default = true, importance = medium)]
    replace_null_with_default: bool,
    /// Defines the version of the syntax to access fields. If set to <code>V1</code>, then the field paths are limited to access
    /// the elements at the root level of the struct or map. If set to <code>V2</code>, the syntax will support accessing nested
    /// elements. To access nested elements, dotted notation is used. If dots are already included in the field name, then
    /// backtick pairs can be used to wrap field names containing dots. E.g. to access the subfield <code>baz</code> from a field
    /// named "foo.bar" in a struct/map the following format can be used to access its elements: "<code>foo.bar</code>.baz".
    #[config(name = "field.syntax.version", default = "V1", importance = high, one_of_ignoring_case("V1", "V2"))]
    syntax_version: String,
}

/// `org.apache.kafka.connect.transforms.ExtractField$Key` and `$Value`
#[derive(Debug)]
pub struct ExtractField<S> {
    path: FieldPath,
    replace_null_with_default: bool,
    fields: BySchema<Found>,
    side: PhantomData<S>,
}

/// The position of the field in the structs of one schema.
#[derive(Debug)]
struct Found {
    schema: Schema,
    /// The defaults that replace null: those of the structs on the path, then that of the field.
    defaults: Vec<Option<String>>,
}

impl<S: Side> Transform for ExtractField<S> {
    const CLASS: &'static str = if S::IS_KEY {
        "org.apache.kafka.connect.transforms.ExtractField$Key"
    } else {
        "org.apache.kafka.connect.transforms.ExtractField$Value"
    };
    const VERSION: &'static str = crate::VERSION;
    type Config = ExtractFieldConfig;

    fn new(config: ExtractFieldConfig) -> Result<ExtractField<S>, ConfigError> {
        Ok(ExtractField {
            path: FieldPath::new("field", config.field, &config.syntax_version)?,
            replace_null_with_default: config.replace_null_with_default,
            fields: BySchema::default(),
            side: PhantomData,
        })
    }

    fn columns(&self) -> Columns {
        S::COLUMNS
    }

    fn apply(&mut self, record: &mut Record<'_>) -> Result<Outcome, RecordError> {
        let value = S::of(record);
        match value.schema().cloned() {
            None => self.extract_from_map(value)?,
            Some(schema) => self.extract_from_struct(value, &schema)?,
        }
        Ok(Outcome::Keep)
    }
}

impl<S> ExtractField<S> {
    fn extract_from_map(&self, value: &mut Value<'_>) -> Result<(), RecordError> {
        let mut purpose = PURPOSE;
        for name in self.path.before().iter().chain([self.path.last()]) {
            if value.is_null() {
                return Ok(());
            }
            require::map(value, purpose)?;
            value.extract(name, None)?;
            purpose = NESTED_PURPOSE;
        }
        Ok(())
    }

    fn extract_from_struct(&mut self, value: &mut Value<'_>, schema: &Schema) -> Result<(), RecordError> {
        if !value.is_null() {
            require::structure(value, PURPOSE)?;
        }
        let path = &self.path;
        let found = self.fields.get_or_make(schema, || find(schema, path))?;
        for (name, default) in path.before().iter().zip(&found.defaults) {
            if !value.is_null() {
                value.extract(name, None)?;
                restore(value, default.as_ref(), None);
            }
        }
        if value.is_null() {
            value.set_null(Some(found.schema.clone()));
            return Ok(());
        }
        value.extract(path.last(), Some(found.schema.clone()))?;
        if self.replace_null_with_default {
            restore(value, found.defaults.last().and_then(Option::as_ref), Some(&found.schema));
        }
        Ok(())
    }
}

/// Replaces null by the default, if there is one.
fn restore(value: &mut Value<'_>, default: Option<&String>, schema: Option<&Schema>) {
    if let Some(default) = default
        && value.is_null()
    {
        value.set_json(default, schema.cloned());
    }
}

fn find(schema: &Schema, path: &FieldPath) -> Result<Found, RecordError> {
    let mut at = schema.root();
    let mut defaults = Vec::new();
    for name in path.before().iter().chain([path.last()]) {
        if at.kind() != SchemaType::Struct {
            return Err(RecordError::new("Cannot look up fields on non-struct type"));
        }
        at = at.field(name.text()).ok_or_else(|| RecordError::new(format_args!("Unknown field: {}", path.text())))?;
        defaults.push(default_of(at));
    }
    Ok(Found { schema: at.to_schema(), defaults })
}

fn default_of(schema: SchemaRef<'_>) -> Option<String> {
    schema.node().default.clone()
}
