//! Makes the key of fields of the value.

use weir_java::hash_map as java_map;
use weir_sdk::schema::Schema;
use weir_sdk::transform::{Columns, Outcome, Record};
use weir_sdk::value::{FieldName, StructBuilder};
use weir_sdk::{Config, ConfigError, RecordError, Transform};

use crate::by_schema::BySchema;
use crate::object_writer::ObjectWriter;
use crate::{lists, require};

const PURPOSE: &str = "copying fields from value to key";

/// The keys of [`ValueToKey`].
#[derive(Config, Debug)]
pub struct ValueToKeyConfig {
    /// Field names on the record value to extract as the record key.
    #[config(importance = high, validator = non_empty_list_without_duplicates)]
    fields: Vec<String>,
    /// Whether to replace fields that have a default value and that are null to the default value. When set to true, the
    /// default value is used, otherwise null is used.
    #[config(name = "replace.null.with.default", default = true, importance = medium)]
    replace_null_with_default: bool,
}

/// `org.apache.kafka.connect.transforms.ValueToKey`
#[derive(Debug)]
pub struct ValueToKey {
    fields: Vec<FieldName>,
    /// The positions of the fields in a key that is a map, as Kafka Connect writes it: the partition of a record depends on its bytes.
    in_maps: Vec<usize>,
    replace_null_with_default: bool,
    keys: BySchema<KeyOf>,
    /// A buffer for the key, which is used again for the next record.
    buffer: Vec<u8>,
}

/// The key for the structs of one schema.
#[derive(Debug)]
struct KeyOf {
    schema: Schema,
    fields: Vec<Field>,
}

#[derive(Debug)]
struct Field {
    /// The default that replaces null.
    default: Option<String>,
    /// The error message for null, or `None` if the field may be null.
    required: Option<String>,
}

impl Transform for ValueToKey {
    const CLASS: &'static str = "org.apache.kafka.connect.transforms.ValueToKey";
    const VERSION: &'static str = crate::VERSION;
    type Config = ValueToKeyConfig;

    fn new(config: ValueToKeyConfig) -> Result<ValueToKey, ConfigError> {
        let fields = lists::distinct("fields", config.fields, false)?;
        Ok(ValueToKey {
            in_maps: java_map::order_for(fields.len(), fields.iter().map(String::as_str)),
            fields: fields.into_iter().map(FieldName::new).collect(),
            replace_null_with_default: config.replace_null_with_default,
            keys: BySchema::default(),
            buffer: Vec::new(),
        })
    }

    fn columns(&self) -> Columns {
        Columns::KEYS | Columns::VALUES
    }

    fn apply(&mut self, record: &mut Record<'_>) -> Result<Outcome, RecordError> {
        match record.value().schema().cloned() {
            None => self.key_from_map(record)?,
            Some(schema) => self.key_from_struct(record, &schema)?,
        }
        Ok(Outcome::Keep)
    }
}

impl ValueToKey {
    fn key_from_map(&mut self, record: &mut Record<'_>) -> Result<(), RecordError> {
        let value = record.value();
        require::map(value, PURPOSE)?;
        let mut key = ObjectWriter::new(&mut self.buffer);
        for place in &self.in_maps {
            let name = &self.fields[*place];
            key.member(name, value.get(name).map_or(b"null", |json| json.raw()));
        }
        key.finish(record.key(), None)
    }

    fn key_from_struct(&mut self, record: &mut Record<'_>, schema: &Schema) -> Result<(), RecordError> {
        let value = record.value();
        require::structure(value, PURPOSE)?;
        let (names, replace_null) = (&self.fields, self.replace_null_with_default);
        let key_of = self.keys.get_or_make(schema, || KeyOf::new(schema, names, replace_null))?;
        let mut key = ObjectWriter::new(&mut self.buffer);
        for (name, field) in names.iter().zip(&key_of.fields) {
            let given = value.get(name).filter(|json| !json.is_null()).map(|json| json.raw());
            match given.or(field.default.as_deref().map(str::as_bytes)) {
                Some(json) => key.member(name, json),
                None => match &field.required {
                    Some(message) => return Err(RecordError::new(message)),
                    None => key.member(name, b"null"),
                },
            }
        }
        key.finish(record.key(), Some(key_of.schema.clone()))
    }
}

impl KeyOf {
    fn new(schema: &Schema, names: &[FieldName], replace_null: bool) -> Result<KeyOf, RecordError> {
        let mut key = StructBuilder::new();
        let mut fields = Vec::with_capacity(names.len());
        for name in names {
            let name = name.text();
            let unknown = || RecordError::new(format_args!("Field does not exist: {name}"));
            let field = schema.field(name).ok_or_else(unknown)?;
            key.field(name, field).map_err(RecordError::new)?;
            fields.push(Field {
                default: field.node().default.clone().filter(|_| replace_null),
                required: (!field.is_optional()).then(|| require::null_message(name, field)),
            });
        }
        Ok(KeyOf { schema: key.build(), fields })
    }
}
