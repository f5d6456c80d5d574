//! The side of a record that a transform works on, which follows the `$` in its class name.

use weir_sdk::transform::{Columns, Record};
use weir_sdk::value;

/// The key or the value.
pub trait Side: 'static {
    /// Whether this is the key.
    const IS_KEY: bool;

    /// The column of this side.
    const COLUMNS: Columns = if Self::IS_KEY { Columns::KEYS } else { Columns::VALUES };

    /// The value of this side.
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
