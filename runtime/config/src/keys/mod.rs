//! Definitions of configuration keys: types and validators of values, the tables of keys, and the reader that takes values from a
//! configuration as a table defines them.

pub(crate) mod check;
pub(crate) mod connector;
#[cfg(test)]
mod docs;
mod key;
pub(crate) mod nearest;
mod reader;
pub(crate) mod types;
pub(crate) mod worker;

#[cfg(test)]
pub(crate) use key::Key;
pub(crate) use key::{Fallback, Usage};
pub(crate) use reader::KeyReader;
