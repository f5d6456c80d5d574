//! Makes the cases of each transform: a file's name, its cases, and why Weir differs where it does.

mod drop_headers;
mod header_from;
mod hoist_field;
mod inputs;
mod insert_header;
mod timestamp_converter;
mod timestamp_router;

use crate::case::Case;

/// A recording that is made.
type Made = (&'static str, fn() -> Vec<Case>, fn(&Case) -> Option<&'static str>);

pub(crate) fn all() -> Vec<Made> {
    vec![
        ("drop_headers", drop_headers::cases, drop_headers::why),
        ("header_from", header_from::cases, header_from::why),
        ("hoist_field", hoist_field::cases, hoist_field::why),
        ("insert_header", insert_header::cases, insert_header::why),
        ("timestamp_converter", timestamp_converter::cases, timestamp_converter::why),
        ("timestamp_router", timestamp_router::cases, timestamp_router::why),
    ]
}
