//! Tests weir-plugin with a real guest: the component in `tests/guest`, which does what its configuration says.

mod answers;
#[path = "../common/codec.rs"]
mod codec;
mod grants;
#[path = "../common/guest.rs"]
mod guest;
mod limits;
mod load;
mod records;
mod resources;
mod round_trip;
mod stats;
mod words;

mod types {
    //! The types that `codec.rs` needs in the host.
    use std::sync::Arc;

    pub(crate) use weir_data::records::{
        Column, Encoding, Format, Headers as HeaderColumns, Records, Topics as TopicColumn, Values,
    };
    pub(crate) use weir_data::schema::{SchemaNode, SchemaType};

    pub(crate) type Schema = Arc<weir_data::schema::Schema>;

    pub(crate) fn nodes_of(schema: &Schema) -> &[SchemaNode] {
        &schema.nodes
    }

    pub(crate) fn schema_of(nodes: Vec<SchemaNode>) -> Schema {
        Arc::new(weir_data::schema::Schema { nodes })
    }
}
