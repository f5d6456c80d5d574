//! Masks fields of the key or the value with 0, an empty text, or a configured replacement.

mod mask;

use std::marker::PhantomData;

use weir_java::hash_map as java_map;
use weir_sdk::schema::{Schema, SchemaRef};
use weir_sdk::transform::{Columns, Outcome, Record};
use weir_sdk::value::{FieldName, Value};
use weir_sdk::{Config, ConfigError, RecordError, Transform};

use crate::by_schema::BySchema;
use crate::class::Held;
use crate::defaults::Defaults;
use crate::side::Side;
use crate::{lists, require};
use mask::{Mask, Masks};

const PURPOSE: &str = "mask fields";

/// The keys of [`MaskField`].
#[derive(Config, Debug)]
pub struct MaskFieldConfig {
    /// Names of fields to mask.
    #[config(importance = high, validator = non_empty_list_without_duplicates)]
    fields: Vec<String>,
    /// Custom value replacement, that will be applied to all 'fields' values (numeric or non-empty string values only).
    #[config(importance = low, validator = non_empty)]
    replacement: Option<String>,
    /// Whether to replace fields that have a default value and that are null to the default value. When set to true, the
    /// default value is used, otherwise null is used.
    #[config(name = "replace.null.with.default", default = true, importance = medium)]
    replace_null_with_default: bool,
}

/// `org.apache.kafka.connect.transforms.MaskField$Key` and `$Value`
#[derive(Debug)]
pub struct MaskField<S> {
    /// The fields, in the order in which Kafka Connect masks those of a map.
    fields: Vec<FieldName>,
    replacement: Option<String>,
    replace_null_with_default: bool,
    /// The masks for values without a schema.
    masks: Masks,
    structs: BySchema<Vec<Masked>>,
    defaults: Defaults,
    side: PhantomData<S>,
}

/// A field of a struct.
#[derive(Debug)]
struct Masked {
    name: FieldName,
    mask: Mask,
    /// The error message for null, or `None` if the field may be null.
    required: Option<String>,
}

impl<S: Side> Transform for MaskField<S> {
    const CLASS: &'static str = if S::IS_KEY {
        "org.apache.kafka.connect.transforms.MaskField$Key"
    } else {
        "org.apache.kafka.connect.transforms.MaskField$Value"
    };
    const VERSION: &'static str = crate::VERSION;
    type Config = MaskFieldConfig;

    fn new(config: MaskFieldConfig) -> Result<MaskField<S>, ConfigError> {
        let fields = lists::distinct("fields", config.fields, false)?;
        let order = java_map::order(fields.iter().map(String::as_str));
        Ok(MaskField {
            fields: order.into_iter().map(|place| FieldName::new(&fields[place])).collect(),
            masks: Masks::new(config.replacement.as_deref()),
            replacement: config.replacement,
            replace_null_with_default: config.replace_null_with_default,
            structs: BySchema::default(),
            defaults: Defaults::default(),
            side: PhantomData,
        })
    }

    fn columns(&self) -> Columns {
        S::COLUMNS
    }

    fn apply(&mut self, record: &mut Record<'_>) -> Result<Outcome, RecordError> {
        let value = S::of(record);
        match value.schema().cloned() {
            None => self.mask_map(value)?,
            Some(schema) => self.mask_struct(value, &schema)?,
        }
        Ok(Outcome::Keep)
    }
}

impl<S> MaskField<S> {
    fn mask_map(&self, value: &mut Value<'_>) -> Result<(), RecordError> {
        require::map(value, PURPOSE)?;
        for name in &self.fields {
            value.update(name, |json| json.map_or(Ok(&b"null"[..]), |json| self.masks.of(json)).map(Some))?;
        }
        Ok(())
    }

    fn mask_struct(&mut self, value: &mut Value<'_>, schema: &Schema) -> Result<(), RecordError> {
        require::structure(value, PURPOSE)?;
        let (fields, replacement) = (&self.fields, self.replacement.as_deref());
        let masked = self.structs.get_or_make(schema, || Ok::<_, RecordError>(masked(schema, fields, replacement)))?;
        if self.replace_null_with_default {
            self.defaults.fill(value, schema)?;
        }
        for field in masked {
            value.update(&field.name, |json| match json {
                Some(json) if !json.is_null() => field.mask.json().map(Some),
                _ => field.required.as_ref().map_or(Ok(None), |message| Err(RecordError::new(message))),
            })?;
        }
        Ok(())
    }
}

/// Returns the masked fields that the struct has, in the order of its schema.
fn masked(schema: &Schema, fields: &[FieldName], replacement: Option<&str>) -> Vec<Masked> {
    let masked = |(name, field): (&str, SchemaRef<'_>)| {
        let name = fields.iter().find(|masked| masked.text() == name)?;
        let required = (!field.is_optional()).then(|| require::null_message(name.text(), field));
        Some(Masked { name: name.clone(), mask: Mask::of(Held::of_schema(field), replacement), required })
    };
    schema.fields().filter_map(masked).collect()
}
