//! `replace.null.with.default`: replaces the null fields of a struct by the defaults of its schema.

use weir_sdk::RecordError;
use weir_sdk::schema::Schema;
use weir_sdk::value::{FieldName, Value};

/// The fields with a default of the most recent struct schema.
#[derive(Debug, Default)]
pub(crate) struct Defaults {
    of: Option<Schema>,
    fields: Vec<(FieldName, String)>,
}

impl Defaults {
    /// Replaces the null fields of a struct that have a default.
    #[inline]
    pub(crate) fn fill(&mut self, value: &mut Value<'_>, schema: &Schema) -> Result<(), RecordError> {
        if self.of.as_ref() != Some(schema) {
            self.read(schema);
        }
        for (name, default) in &self.fields {
            if value.get(name.text()).is_none_or(|field| field.is_null()) {
                value.set_raw(name, default.as_bytes())?;
            }
        }
        Ok(())
    }

    fn read(&mut self, schema: &Schema) {
        let default = |(name, field): (&str, weir_sdk::schema::SchemaRef<'_>)| {
            Some((FieldName::new(name), field.node().default.clone()?))
        };
        self.fields = schema.fields().filter_map(default).collect();
        self.of = Some(schema.clone());
    }
}
