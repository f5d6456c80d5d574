//! Kafka Connect schemas. Builders that resemble the schema create it once, and all records with that schema share it.
//!
//! ```
//! use weir_sdk::schema::{Schema, SchemaType};
//!
//! let order = Schema::structure("org.example.Order")
//!     .field("id", Schema::int64())
//!     .field("note", Schema::string().optional())
//!     .field("lines", Schema::array(Schema::structure("org.example.Line").field("sku", Schema::string())))
//!     .field("at", Schema::timestamp())
//!     .build();
//!
//! assert_eq!(order.kind(), SchemaType::Struct);
//! let names: Vec<&str> = order.fields().map(|(name, _)| name).collect();
//! assert_eq!(names, ["id", "note", "lines", "at"]);
//! assert!(order.field("note").unwrap().is_optional());
//! assert_eq!(order.field("lines").unwrap().element().unwrap().name(), Some("org.example.Line"));
//! ```

mod builder;
mod view;

pub use builder::{Schema, SchemaBuilder};
pub use view::SchemaRef;

pub use crate::bindings::host::weir::connect::data::{SchemaNode, SchemaType};
