//! Says why the value of one field cannot be that of another one. Kafka Connect takes values from fields of other schemas
//! where a field has the name that a field which is left out would have got.

use weir_sdk::schema::{SchemaRef, SchemaType};
use weir_sdk::value::Value;

use crate::require::java_name;

/// Kafka Connect's message (`ConnectSchema.validateValue`), for values that are not null. `None` = they fit.
///
/// Where only what is inside of the values could tell, Kafka Connect looks at each of them. Here the schemas decide: those of
/// lists, maps, structs and logical types have to be equal.
pub(super) fn why(name: &str, wanted: SchemaRef<'_>, found: SchemaRef<'_>) -> Option<String> {
    let (class_wanted, class_found) = (class(wanted), class(found));
    let nested = |kind| matches!(kind, SchemaType::Array | SchemaType::Map | SchemaType::Struct);
    let equal = || wanted.to_schema() == found.to_schema();
    let logical = wanted.name() != found.name() || wanted.node().parameters != found.node().parameters;
    if class_wanted == class_found && (!nested(wanted.kind()) && !logical || equal()) {
        return None;
    }
    if wanted.kind() == SchemaType::Struct && found.kind() == SchemaType::Struct {
        return Some("Struct schemas do not match.".into());
    }
    let schema = wanted.name().map_or_else(String::new, |name| format!(" \"{name}\""));
    let kind = java_name(wanted.kind());
    Some(format!("Invalid Java object for schema{schema} with type {kind}: class {class_found} for field: \"{name}\""))
}

fn class(schema: SchemaRef<'_>) -> &'static str {
    Value::json("0").with_schema(&schema.to_schema()).class()
}
