//! The schemas of cast values, computed once for each input schema.

use weir_java::Class;
use weir_sdk::RecordError;
use weir_sdk::schema::{Schema, SchemaNode, SchemaRef, SchemaType};
use weir_sdk::value::{FieldName, Json, StructBuilder};

use super::convert::{cast, unsupported};
use super::source::Source;
use super::spec::{Spec, Type};
use crate::require;

/// The cast of a whole value.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) schema: Schema,
    pub(super) source: Source,
}

/// The cast of fields of a struct.
#[derive(Debug)]
pub(super) struct Fields {
    pub(super) schema: Schema,
    /// The fields that may change.
    pub(super) changed: Vec<Field>,
}

#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: FieldName,
    pub(super) cast: Option<(Source, Type)>,
    /// The error message for null, or `None` if the field may be null.
    pub(super) required: Option<String>,
}

impl Whole {
    /// An error applies to all records with the schema.
    pub(super) fn new(schema: &Schema, to: Type) -> Result<Whole, RecordError> {
        let root = schema.root();
        let source = Source::of_schema(root);
        let mut node = SchemaNode {
            kind: to.schema_type(),
            default: default(root, to)?,
            children: Vec::new(),
            field_names: Vec::new(),
            ..root.node().clone()
        };
        // The new value does not have the logical type. Kafka Connect keeps its name, and its converters then fail.
        if matches!(source.held.class, Class::Date | Class::BigDecimal) {
            (node.name, node.version, node.parameters) = (None, None, Vec::new());
        }
        Ok(Whole { schema: Schema::from_nodes(vec![node]), source })
    }
}

impl Fields {
    /// An error applies to all records with the schema.
    pub(super) fn new(schema: &Schema, spec: &Spec, replace_null: bool) -> Result<Fields, RecordError> {
        if schema.kind() != SchemaType::Struct {
            return Err(RecordError::new(require::NO_FIELDS));
        }
        let casts = if let Spec::Fields(casts) = spec { &casts[..] } else { &[] };
        let mut builder = StructBuilder::basics_of(schema.root());
        let mut changed = Vec::new();
        for (name, field) in schema.fields() {
            let to = casts.iter().find(|(cast, _)| cast.text() == name).map(|(_, to)| *to);
            match to {
                Some(to) => builder.field(name, cast_schema(field, to)?.root()),
                None => builder.field(name, field),
            }
            .map_err(RecordError::new)?;
            let checked = !replace_null && !field.is_optional() && field.node().default.is_some();
            if to.is_some() || checked {
                changed.push(Field {
                    name: FieldName::new(name),
                    cast: to.map(|to| (Source::of_schema(field), to)),
                    required: checked.then(|| match to {
                        Some(to) => require::null_of(name, to.schema_type()),
                        None => require::null_message(name, field),
                    }),
                });
            }
        }
        let root = schema.root();
        if root.node().default.as_deref().is_some_and(|default| !Json::new(default).is_null()) {
            // Kafka Connect would cast the default of the struct to a struct, which it rejects.
            return Err(unsupported("STRUCT"));
        }
        let mut nodes = builder.build().nodes().to_vec();
        nodes[0].optional = root.is_optional();
        Ok(Fields { schema: Schema::from_nodes(nodes), changed })
    }
}

/// Returns the schema of a cast field: it is optional if the field was, and has the cast default.
fn cast_schema(field: SchemaRef<'_>, to: Type) -> Result<Schema, RecordError> {
    let node = SchemaNode {
        kind: to.schema_type(),
        optional: field.is_optional(),
        name: None,
        version: None,
        doc: None,
        parameters: Vec::new(),
        default: default(field, to)?,
        children: Vec::new(),
        field_names: Vec::new(),
    };
    Ok(Schema::from_nodes(vec![node]))
}

/// Returns the default, cast to the new type.
fn default(schema: SchemaRef<'_>, to: Type) -> Result<Option<String>, RecordError> {
    let Some(json) = schema.node().default.as_deref().map(Json::new).filter(|json| !json.is_null()) else {
        return Ok(None);
    };
    let mut out = Vec::new();
    cast(json, Source::of_schema(schema), to, &mut out)?;
    String::from_utf8(out).map(Some).map_err(RecordError::new)
}
