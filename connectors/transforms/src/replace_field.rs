//! Removes and renames fields of the key or the value.

mod collide;
mod edit;
mod rules;
mod unfit;

use std::marker::PhantomData;

use weir_sdk::transform::{Columns, Outcome, Record};
use weir_sdk::value::Value;
use weir_sdk::{Config, ConfigError, RecordError, Transform};

use crate::by_schema::BySchema;
use crate::defaults::Defaults;
use crate::side::Side;
use crate::{lists, require};
use edit::{MapEdit, StructEdit};
use rules::Rules;

const PURPOSE: &str = "field replacement";

/// The keys of [`ReplaceField`].
#[derive(Config, Debug)]
pub struct ReplaceFieldConfig {
    /// Fields to exclude. This takes precedence over the fields to include.
    #[config(default = "", importance = medium, validator = list_without_duplicates)]
    exclude: Vec<String>,
    /// Fields to include. If specified, only these fields will be used.
    #[config(default = "", importance = medium, validator = list_without_duplicates)]
    include: Vec<String>,
    /// Field rename mappings.
    #[config(default = "", importance = medium)]
    renames: Vec<String>,
    /// Whether to replace fields that have a default value and that are null to the default value. When set to true, the
    /// default value is used, otherwise null is used.
    #[config(name = "replace.null.with.default", default = true, importance = medium)]
    replace_null_with_default: bool,
}

/// `org.apache.kafka.connect.transforms.ReplaceField$Key` and `$Value`
#[derive(Debug)]
pub struct ReplaceField<S> {
    rules: Rules,
    replace_null_with_default: bool,
    of_maps: MapEdit,
    of_structs: BySchema<StructEdit>,
    defaults: Defaults,
    /// A buffer for the new value, which is used again for the next record.
    buffer: Vec<u8>,
    side: PhantomData<S>,
}

impl<S: Side> Transform for ReplaceField<S> {
    const CLASS: &'static str = if S::IS_KEY {
        "org.apache.kafka.connect.transforms.ReplaceField$Key"
    } else {
        "org.apache.kafka.connect.transforms.ReplaceField$Value"
    };
    const VERSION: &'static str = crate::VERSION;
    type Config = ReplaceFieldConfig;

    fn new(config: ReplaceFieldConfig) -> Result<ReplaceField<S>, ConfigError> {
        let exclude = lists::distinct("exclude", config.exclude, true)?;
        let include = lists::distinct("include", config.include, true)?;
        let rules = Rules::new(exclude, include, &config.renames)?;
        Ok(ReplaceField {
            of_maps: MapEdit::new(&rules),
            rules,
            replace_null_with_default: config.replace_null_with_default,
            of_structs: BySchema::default(),
            defaults: Defaults::default(),
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
        match value.schema().is_some() {
            false => self.replace_in_map(value)?,
            true => self.replace_in_struct(value)?,
        }
        Ok(Outcome::Keep)
    }
}

impl<S> ReplaceField<S> {
    fn replace_in_map(&mut self, value: &mut Value<'_>) -> Result<(), RecordError> {
        require::map(value, PURPOSE)?;
        self.of_maps.apply(&self.rules, value, &mut self.buffer)
    }

    fn replace_in_struct(&mut self, value: &mut Value<'_>) -> Result<(), RecordError> {
        require::structure(value, PURPOSE)?;
        let Some(schema) = value.schema().cloned() else { return Ok(()) };
        let (rules, replace_null) = (&self.rules, self.replace_null_with_default);
        let edit = self.of_structs.get_or_make(&schema, || StructEdit::new(rules, &schema, replace_null))?;
        if replace_null {
            self.defaults.fill(value, &schema)?;
        }
        edit.apply(value, &mut self.buffer)
    }
}
