//! Flattens structs. The new fields are computed once for each schema.

use weir_sdk::RecordError;
use weir_sdk::schema::{Schema, SchemaNode, SchemaRef, SchemaType};
use weir_sdk::value::{FieldName, Json, Name, StructBuilder};

use super::check_size;
use crate::require::java_name;

/// The flattened form of the structs of one schema.
#[derive(Debug)]
pub(super) struct Flat {
    schema: Schema,
    fields: Vec<Field>,
}

/// A field of a struct.
#[derive(Debug)]
struct Field {
    name: FieldName,
    is: Is,
}

#[derive(Debug)]
enum Is {
    /// The new name with a colon, and the default that replaces null.
    Leaf {
        name: Vec<u8>,
        default: Option<String>,
    },
    Struct(Vec<Field>),
}

/// What a field inherits from the structs around it.
#[derive(Clone, Copy)]
struct Around<'a> {
    /// The prefix of the new names, or empty.
    prefix: &'a str,
    /// Whether one of these structs is optional.
    optional: bool,
    /// The default of the innermost struct that has one.
    default: Option<Json<'a>>,
}

impl Flat {
    /// An error applies to all records with the schema.
    pub(super) fn new(schema: &Schema, delimiter: &str) -> Result<Flat, RecordError> {
        let root = schema.root();
        let mut builder = StructBuilder::basics_of(root);
        let default = root.node().default.as_deref().map(Json::new);
        let around = Around { prefix: "", optional: root.is_optional(), default };
        let fields = fields(root, around, delimiter, &mut builder)?;
        Ok(Flat { schema: builder.build(), fields })
    }

    pub(super) fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Writes a struct of the schema.
    pub(super) fn write(&self, json: Json<'_>, out: &mut Vec<u8>) -> Result<(), RecordError> {
        out.clear();
        out.push(b'{');
        write(&self.fields, Some(json), out)?;
        out.push(b'}');
        Ok(())
    }
}

fn fields(
    schema: SchemaRef<'_>,
    around: Around<'_>,
    delimiter: &str,
    builder: &mut StructBuilder,
) -> Result<Vec<Field>, RecordError> {
    let mut fields = Vec::new();
    for (name, field) in schema.fields() {
        let flat_name = match around.prefix {
            "" => name.to_owned(),
            prefix => [prefix, delimiter, name].concat(),
        };
        let own = field.node().default.as_deref();
        let default = own.map(Json::new).or_else(|| around.default?.get(name)).filter(|default| !default.is_null());
        let optional = around.optional || field.is_optional();
        let is = match field.kind() {
            SchemaType::Map => {
                return Err(RecordError::new(format_args!(
                    "Flatten transformation does not support {} for record with schemas (for field {flat_name}).",
                    java_name(field.kind())
                )));
            }
            SchemaType::Struct => {
                let around = Around { prefix: &flat_name, optional, default };
                Is::Struct(self::fields(field, around, delimiter, builder)?)
            }
            _ => {
                let schema = leaf(field, optional, default);
                builder.field(&flat_name, schema.root()).map_err(RecordError::new)?;
                let mut name = Vec::new();
                flat_name.push_json(&mut name);
                name.push(b':');
                Is::Leaf { name, default: own.map(str::to_owned) }
            }
        };
        fields.push(Field { name: FieldName::new(name), is });
    }
    Ok(fields)
}

/// Returns the schema of a field that is not a struct.
fn leaf(schema: SchemaRef<'_>, optional: bool, default: Option<Json<'_>>) -> Schema {
    let mut nodes = schema.to_schema().nodes().to_vec();
    let default = default.map(|default| String::from_utf8_lossy(default.raw()).into_owned());
    nodes[0] = SchemaNode { optional, default, ..nodes[0].clone() };
    Schema::from_nodes(nodes)
}

/// Writes the fields of a struct, which are all null if the struct is null.
fn write(fields: &[Field], json: Option<Json<'_>>, out: &mut Vec<u8>) -> Result<(), RecordError> {
    let Some(json) = json.filter(|json| !json.is_null()) else {
        for field in fields {
            match &field.is {
                Is::Leaf { name, .. } => member(name, b"null", out)?,
                Is::Struct(fields) => write(fields, None, out)?,
            }
        }
        return Ok(());
    };
    // In most cases the members are in the order of the schema.
    let mut members = json.members();
    let start = out.len();
    for field in fields {
        match members.next() {
            Some((name, json)) if name == field.name.text() => field.write(Some(json), out)?,
            _ => return write_any(fields, json, start, out),
        }
    }
    if members.next().is_some() { write_any(fields, json, start, out) } else { Ok(()) }
}

/// Writes the fields of a struct whose members are in another order, duplicated or missing.
fn write_any(fields: &[Field], json: Json<'_>, start: usize, out: &mut Vec<u8>) -> Result<(), RecordError> {
    out.truncate(start);
    for field in fields {
        field.write(json.get(field.name.text()), out)?;
    }
    Ok(())
}

impl Field {
    fn write(&self, json: Option<Json<'_>>, out: &mut Vec<u8>) -> Result<(), RecordError> {
        match &self.is {
            Is::Struct(fields) => write(fields, json, out),
            Is::Leaf { name, default } => match (json.filter(|json| !json.is_null()), default) {
                (Some(json), _) => member(name, json.raw(), out),
                (None, Some(default)) => member(name, default.as_bytes(), out),
                (None, None) => member(name, b"null", out),
            },
        }
    }
}

fn member(name: &[u8], json: &[u8], out: &mut Vec<u8>) -> Result<(), RecordError> {
    if out.len() > 1 {
        out.push(b',');
    }
    out.extend_from_slice(name);
    out.extend_from_slice(json);
    check_size(out)
}
