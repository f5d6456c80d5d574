//! The Java classes and the text of values: what depends on this crate's types. The rest is in weir-java.

pub(crate) mod class;
pub(crate) mod decimal;
pub(crate) mod text;
pub(crate) mod to_string;
