//! JSON bodies, read as Jackson reads them for Kafka Connect, down to the texts and places of its errors: clients show them, and
//! some look for parts of them.
//!
//! `serde_json` would read the same bodies, but its errors have other texts and places, and it looks at a body in another order:
//! of two things that are wrong it would tell the other one.

mod bind;
mod bodies;
mod error;
mod scalar;
#[cfg(test)]
mod tests;
mod tokens;

use indexmap::IndexMap;

use crate::ConfigMap;

pub use bodies::{ConnectorOffset, ConnectorOffsets, CreateConnectorFile, CreateConnectorRequest, target_state};
pub use error::Error;
pub use tokens::Reader;
use tokens::Token;

/// A connector's configuration as it stands in JSON: text, or null. Numbers and booleans are taken as text.
pub type StringMap = IndexMap<String, Option<String>>;

/// A type that a body is read into.
pub trait Body: Sized {
    /// The Java class in Jackson's texts.
    const BOUND: &'static str;

    /// Reads it; the reader is at its first token.
    fn read(reader: &mut Reader<'_>) -> Result<Option<Self>, Error>;
}

/// Reads a body; none = there is none, or it is `null`.
pub fn read<T: Body>(body: &[u8]) -> Result<Option<T>, Error> {
    let mut reader = Reader::new(body);
    let value = match reader.next()? {
        None => return Ok(None),
        Some(Token::Null) => None,
        Some(_) => T::read(&mut reader)?,
    };
    reader.finish(T::BOUND)?;
    Ok(value)
}

/// The entries that are not null, and how many are.
pub fn without_nulls(map: StringMap) -> (ConfigMap, usize) {
    let count = map.len();
    let config: ConfigMap = map.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    let nulls = count - config.len();
    (config, nulls)
}
