//! Adds a header with a fixed value, whose type is guessed from its text as SimpleHeaderConverter does.

use std::collections::HashMap;

use weir_data::header::header_converter;
use weir_data::records::{Column, Encoding};
use weir_data::schema as data;
use weir_sdk::record::Data;
use weir_sdk::schema::{Schema, SchemaNode, SchemaType};
use weir_sdk::transform::{Columns, Header, Outcome, Record};
use weir_sdk::{Config, ConfigError, RecordError, Transform};

/// The keys of [`InsertHeader`].
#[derive(Config, Debug)]
pub struct InsertHeaderConfig {
    /// The name of the header.
    #[config(importance = high)]
    header: String,
    /// The literal value that is to be set as the header value on all records.
    #[config(name = "value.literal", importance = high)]
    literal: String,
}

/// `org.apache.kafka.connect.transforms.InsertHeader`
#[derive(Debug)]
pub struct InsertHeader {
    header: Header<'static>,
}

impl Transform for InsertHeader {
    const CLASS: &'static str = "org.apache.kafka.connect.transforms.InsertHeader";
    const VERSION: &'static str = crate::VERSION;
    type Config = InsertHeaderConfig;

    fn new(config: InsertHeaderConfig) -> Result<InsertHeader, ConfigError> {
        let wrong = |why: String| ConfigError::new("value.literal", &config.literal, why);
        let mut converter =
            header_converter("SimpleHeaderConverter", &HashMap::new()).map_err(|why| wrong(why.to_string()))?;
        let mut formats = Vec::new();
        let read = converter.to_connect(Column::from_entries([Some(&config.literal)]), 1, &mut formats);
        if let Some(failure) = read.failures.first() {
            return Err(wrong(failure.message.clone()));
        }
        let format = read.output.format_of(0, &formats);
        let bytes = read.output.iter(1).next().flatten();
        let text = bytes.map(std::str::from_utf8).transpose().map_err(|why| wrong(why.to_string()))?;
        let value = match (text, format.encoding) {
            (None, _) => Data::Null,
            (Some(text), Encoding::Json) => Data::Json(text),
            (Some(text), _) => Data::Text(text),
        };
        Ok(InsertHeader { header: Header::new(&config.header, value, format.schema.as_deref().map(schema)) })
    }

    fn columns(&self) -> Columns {
        Columns::HEADERS
    }

    fn apply(&mut self, record: &mut Record<'_>) -> Result<Outcome, RecordError> {
        record.headers().push(self.header.clone());
        Ok(Outcome::Keep)
    }
}

/// Converts a schema of the runtime to one of the SDK.
fn schema(schema: &data::Schema) -> Schema {
    let node = |node: &data::SchemaNode| SchemaNode {
        kind: kind(node.kind),
        optional: node.optional,
        name: node.name.clone(),
        version: node.version,
        doc: node.doc.clone(),
        parameters: node.parameters.clone(),
        default: node.default.clone(),
        children: node.children.clone(),
        field_names: node.field_names.clone(),
    };
    Schema::from_nodes(schema.nodes.iter().map(node).collect())
}

fn kind(kind: data::SchemaType) -> SchemaType {
    match kind {
        data::SchemaType::Int8 => SchemaType::Int8,
        data::SchemaType::Int16 => SchemaType::Int16,
        data::SchemaType::Int32 => SchemaType::Int32,
        data::SchemaType::Int64 => SchemaType::Int64,
        data::SchemaType::Float32 => SchemaType::Float32,
        data::SchemaType::Float64 => SchemaType::Float64,
        data::SchemaType::Boolean => SchemaType::Boolean,
        data::SchemaType::String => SchemaType::String,
        data::SchemaType::Bytes => SchemaType::Bytes,
        data::SchemaType::Array => SchemaType::Array,
        data::SchemaType::Map => SchemaType::Map,
        data::SchemaType::Struct => SchemaType::Struct,
    }
}
