//! JSON bodies, read as Jackson reads them for Kafka Connect: the same bodies are accepted, and of several errors the same
//! one is reported. Messages begin like Jackson's and do not have its details.
//!
//! `serde_json` accepts other bodies: fewer levels, no escaped half of a surrogate pair, and no numbers and booleans for text.

mod bodies;
mod error;
mod reader;
#[cfg(test)]
mod tests;

use indexmap::IndexMap;

use crate::ConfigMap;

pub use bodies::{ConnectorOffset, ConnectorOffsets, CreateConnectorFile, CreateConnectorRequest, target_state};
pub use error::Error;
pub use reader::Reader;

/// A connector's configuration in JSON: text or null. Numbers and booleans are read as text.
pub type StringMap = IndexMap<String, Option<String>>;

/// A type that is read from a body.
pub trait Body: Sized {
    /// Reads the body, which is not empty.
    fn read(reader: &mut Reader<'_>) -> Result<Option<Self>, Error>;
}

/// Reads a body. Returns `None` if it is empty or `null`.
pub fn read<T: Body>(body: &[u8]) -> Result<Option<T>, Error> {
    let mut reader = Reader::new(body)?;
    if reader.peek().is_none() {
        return Ok(None);
    }
    let value = T::read(&mut reader)?;
    reader.finish()?;
    Ok(value)
}

/// Returns the entries that are not null, and the number of those that are.
pub fn without_nulls(map: StringMap) -> (ConfigMap, usize) {
    let count = map.len();
    let config: ConfigMap = map.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    let nulls = count - config.len();
    (config, nulls)
}
