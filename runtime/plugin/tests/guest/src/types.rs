//! The types that `codec.rs` needs in the guest: those of the contract, with the field names of the host where they differ.

use crate::bindings::weir::connect::data;
pub(crate) use crate::bindings::weir::connect::data::{Column, Encoding, Format, Schema, SchemaNode, SchemaType};

pub(crate) fn nodes_of(schema: &Schema) -> &[SchemaNode] {
    &schema.nodes
}

pub(crate) fn schema_of(nodes: Vec<SchemaNode>) -> Schema {
    Schema { nodes }
}

pub(crate) struct Values {
    pub(crate) lengths: Vec<i32>,
    pub(crate) bytes: Vec<u8>,
    pub(crate) formats: Vec<u32>,
}

pub(crate) struct TopicColumn {
    pub(crate) names: Vec<String>,
    pub(crate) name_index: Vec<u32>,
}

pub(crate) struct HeaderColumns {
    pub(crate) counts: Vec<u32>,
    pub(crate) names: Column,
    pub(crate) values: Values,
}

pub(crate) struct Records {
    pub(crate) count: u32,
    pub(crate) topics: TopicColumn,
    pub(crate) partitions: Vec<i32>,
    pub(crate) timestamps: Vec<i64>,
    pub(crate) formats: Vec<Format>,
    pub(crate) keys: Values,
    pub(crate) values: Values,
    pub(crate) headers: HeaderColumns,
}

impl From<data::Values> for Values {
    fn from(values: data::Values) -> Values {
        Values { lengths: values.lengths, bytes: values.bytes, formats: values.format_index }
    }
}

impl From<Values> for data::Values {
    fn from(values: Values) -> data::Values {
        data::Values { lengths: values.lengths, bytes: values.bytes, format_index: values.formats }
    }
}

impl From<data::Records> for Records {
    fn from(records: data::Records) -> Records {
        Records {
            count: records.count,
            topics: TopicColumn { names: records.topics.names, name_index: records.topics.name_index },
            partitions: records.partitions,
            timestamps: records.timestamps,
            formats: records.formats,
            keys: records.keys.into(),
            values: records.values.into(),
            headers: HeaderColumns {
                counts: records.headers.counts,
                names: records.headers.names,
                values: records.headers.values.into(),
            },
        }
    }
}

impl From<Records> for data::Records {
    fn from(records: Records) -> data::Records {
        data::Records {
            count: records.count,
            topics: data::TopicColumn { names: records.topics.names, name_index: records.topics.name_index },
            partitions: records.partitions,
            timestamps: records.timestamps,
            formats: records.formats,
            keys: records.keys.into(),
            values: records.values.into(),
            headers: data::HeaderColumns {
                counts: records.headers.counts,
                names: records.headers.names,
                values: records.headers.values.into(),
            },
        }
    }
}
