//! How Java prints values, for the converters that write what `toString` gives.

pub(crate) mod class;
pub(crate) mod date;
pub(crate) mod decimal;
pub(crate) mod number;
pub(crate) mod text;
pub(crate) mod to_string;
