//! The conversion of the structs of one schema, computed once.

use weir_sdk::RecordError;
use weir_sdk::schema::{Schema, SchemaNode, SchemaRef, SchemaType};
use weir_sdk::value::{FieldName, StructBuilder, Value};

use super::convert::{Conversion, Kind, Target};
use super::{given, set_field};
use crate::defaults::Defaults;
use crate::require;

/// The schema of the converted struct, and the type of the field before the conversion.
#[derive(Debug)]
pub(super) struct OfStruct {
    pub(super) schema: Schema,
    /// `None` if the struct does not have the field.
    kind: Option<Kind>,
    /// Required fields that may be missing.
    required: Vec<(FieldName, String)>,
}

impl OfStruct {
    pub(super) fn new(
        schema: &Schema,
        field: &FieldName,
        conversion: &Conversion,
        replace_null: bool,
    ) -> Result<OfStruct, RecordError> {
        if schema.kind() != SchemaType::Struct {
            return Err(RecordError::new("Cannot list fields on non-struct type"));
        }
        let mut builder = StructBuilder::basics_of(schema.root());
        let mut kind = None;
        let mut required = Vec::new();
        for (name, of_field) in schema.fields() {
            let is_converted = name == field.text();
            let converted = target_schema(conversion.target, of_field.is_optional());
            let made = if is_converted { converted.root() } else { of_field };
            builder.field(name, made).map_err(RecordError::new)?;
            if is_converted {
                kind = Some(Kind::of_schema(of_field)?);
            }
            if !replace_null && !of_field.is_optional() && of_field.node().default.is_some() {
                required.push((FieldName::new(name), require::null_message(name, made)));
            }
        }
        let mut plan = OfStruct { schema: builder.build(), kind, required };
        plan.keep_optional_and_default(schema.root(), field, conversion, replace_null)?;
        Ok(plan)
    }

    /// The default of the struct is converted like its values.
    fn keep_optional_and_default(
        &mut self,
        from: SchemaRef<'_>,
        field: &FieldName,
        conversion: &Conversion,
        replace_null: bool,
    ) -> Result<(), RecordError> {
        let default = from.node().default.as_deref().map(|default| {
            let mut value = Value::json(default);
            if replace_null {
                Defaults::default().fill(&mut value, &from.to_schema())?;
            }
            self.convert(&mut value, field, conversion, &mut String::new())?;
            Ok::<_, RecordError>(value.to_string())
        });
        let default = default.transpose()?;
        let mut nodes: Vec<SchemaNode> = self.schema.nodes().to_vec();
        nodes[0].optional = from.is_optional();
        nodes[0].default = default;
        self.schema = Schema::from_nodes(nodes);
        Ok(())
    }

    /// Converts the field of a struct. The caller sets its schema.
    pub(super) fn convert(
        &self,
        value: &mut Value<'_>,
        field: &FieldName,
        conversion: &Conversion,
        buffer: &mut String,
    ) -> Result<(), RecordError> {
        for (name, message) in &self.required {
            if given(value.get(name)).is_none() {
                return Err(RecordError::new(message));
            }
        }
        if let Some(kind) = self.kind
            && let Some(json) = given(value.get(field))
        {
            let millis = conversion.millis(kind, json)?;
            set_field(conversion, buffer, value, field, millis, true)?;
        }
        Ok(())
    }
}

/// Returns the schema of the converted value, which is optional if the schema before was.
pub(super) fn target_schema(target: Target, optional: bool) -> Schema {
    let schema = match target {
        Target::String => Schema::string(),
        Target::Unix => Schema::int64(),
        Target::Date => Schema::date(),
        Target::Time => Schema::time(),
        Target::Timestamp => Schema::timestamp(),
    };
    if optional { schema.optional().build() } else { schema.build() }
}
