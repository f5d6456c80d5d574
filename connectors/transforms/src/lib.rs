//! Kafka Connect's single message transforms and predicates in one component, with one file for each.
//!
//! Shared modules: [`side`] implements `$Key` and `$Value` of a transform, `require` returns the errors for values that a transform does
//! not accept, and `by_schema` caches what was computed for a schema. Java's behaviour is in `weir-java`.

mod by_schema;
mod class;
mod defaults;
mod field_path;
mod java_regex;
mod json_number;
mod lists;
mod memo;
mod object_writer;
mod require;
pub mod side;

pub mod cast;
pub mod drop_headers;
pub mod extract_field;
pub mod filter;
pub mod flatten;
pub mod header_from;
pub mod hoist_field;
pub mod insert_field;
pub mod insert_header;
pub mod mask_field;
pub mod regex_router;
pub mod replace_field;
pub mod set_schema_metadata;
pub mod timestamp_converter;
pub mod timestamp_router;
pub mod value_to_key;

pub mod predicates;

#[cfg(test)]
mod tests;

use side::{Key, Value};

/// The version of all these plugins.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

weir_sdk::export!(
    transforms: [
        cast::Cast<Key>,
        cast::Cast<Value>,
        drop_headers::DropHeaders,
        extract_field::ExtractField<Key>,
        extract_field::ExtractField<Value>,
        filter::Filter,
        flatten::Flatten<Key>,
        flatten::Flatten<Value>,
        header_from::HeaderFrom<Key>,
        header_from::HeaderFrom<Value>,
        hoist_field::HoistField<Key>,
        hoist_field::HoistField<Value>,
        insert_field::InsertField<Key>,
        insert_field::InsertField<Value>,
        insert_header::InsertHeader,
        mask_field::MaskField<Key>,
        mask_field::MaskField<Value>,
        regex_router::RegexRouter,
        replace_field::ReplaceField<Key>,
        replace_field::ReplaceField<Value>,
        set_schema_metadata::SetSchemaMetadata<Key>,
        set_schema_metadata::SetSchemaMetadata<Value>,
        timestamp_converter::TimestampConverter<Key>,
        timestamp_converter::TimestampConverter<Value>,
        timestamp_router::TimestampRouter,
        value_to_key::ValueToKey,
    ],
    predicates: [
        predicates::HasHeaderKey,
        predicates::RecordIsTombstone,
        predicates::TopicNameMatches,
    ],
);
