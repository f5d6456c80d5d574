//! Creates the cases of each transform: the name of the file, the cases, and why Weir differs.

mod cast;
mod drop_headers;
mod extract_field;
mod flatten;
mod header_from;
mod hoist_field;
mod inputs;
mod insert_header;
mod set_schema_metadata;
mod timestamp_converter;
mod timestamp_router;
mod value_to_key;

use crate::case::Case;

/// A recording whose cases are created.
type Made = (&'static str, fn() -> Vec<Case>, fn(&Case) -> Option<&'static str>);

pub(crate) fn all() -> Vec<Made> {
    vec![
        ("cast", cast::cases, cast::why),
        ("drop_headers", drop_headers::cases, drop_headers::why),
        ("extract_field", extract_field::cases, extract_field::why),
        ("flatten", flatten::cases, flatten::why),
        ("header_from", header_from::cases, header_from::why),
        ("hoist_field", hoist_field::cases, hoist_field::why),
        ("insert_header", insert_header::cases, insert_header::why),
        ("set_schema_metadata", set_schema_metadata::cases, set_schema_metadata::why),
        ("timestamp_converter", timestamp_converter::cases, timestamp_converter::why),
        ("timestamp_router", timestamp_router::cases, timestamp_router::why),
        ("value_to_key", value_to_key::cases, value_to_key::why),
    ]
}
