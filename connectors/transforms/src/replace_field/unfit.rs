//! Checks whether a value of one field is valid for another one. Kafka Connect takes values from fields with other schemas if a field has
//! the new name of a field that is removed.

use weir_sdk::schema::{SchemaRef, SchemaType};
use weir_sdk::value::Value;

use crate::require::java_name;

/// Returns why values that are not null are not valid, or `None` if they are. If the classes differ, this is Kafka Connect's message
/// (`ConnectSchema.validateValue`).
///
/// If they are the same, Kafka Connect checks the elements of lists and maps, and converts dates and decimals to the other schema. Here the
/// schemas of lists, maps, structs, dates and decimals must be equal.
pub(super) fn why(name: &str, wanted: SchemaRef<'_>, source: &str, found: SchemaRef<'_>) -> Option<String> {
    let (class_wanted, class_found) = (class(wanted), class(found));
    if class_wanted != class_found {
        let schema = wanted.name().map_or_else(String::new, |name| format!(" \"{name}\""));
        let kind = java_name(wanted.kind());
        return Some(format!(
            "Invalid Java object for schema{schema} with type {kind}: class {class_found} for field: \"{name}\""
        ));
    }
    let nested = matches!(wanted.kind(), SchemaType::Array | SchemaType::Map | SchemaType::Struct);
    let logical = matches!(class_wanted, "java.util.Date" | "java.math.BigDecimal");
    if !(nested || logical) || wanted.to_schema() == found.to_schema() {
        return None;
    }
    Some(if wanted.kind() == SchemaType::Struct {
        "Struct schemas do not match.".into()
    } else {
        format!("Field \"{name}\" would get the value of field \"{source}\", and their schemas do not match.")
    })
}

fn class(schema: SchemaRef<'_>) -> &'static str {
    Value::json("0").with_schema(&schema.to_schema()).class()
}
