//! The side of a record that a transform works on: what stands behind the `$` of its class.

use weir_sdk::transform::{Columns, Record};
use weir_sdk::value;

/// The key or the value.
pub trait Side: 'static {
    /// True = the key.
    const IS_KEY: bool;

    /// The column it is in.
    const COLUMNS: Columns = if Self::IS_KEY { Columns::KEYS } else { Columns::VALUES };

    /// The side itself.
    fn of<'r, 'b>(record: &'r mut Record<'b>) -> &'r mut value::Value<'b>;
}

/// `$Key`
#[derive(Debug)]
pub struct Key;

/// `$Value`
#[derive(Debug)]
pub struct Value;

impl Side for Key {
    const IS_KEY: bool = true;

    #[inline]
    fn of<'r, 'b>(record: &'r mut Record<'b>) -> &'r mut value::Value<'b> {
        record.key()
    }
}

impl Side for Value {
    const IS_KEY: bool = false;

    #[inline]
    fn of<'r, 'b>(record: &'r mut Record<'b>) -> &'r mut value::Value<'b> {
        record.value()
    }
}
