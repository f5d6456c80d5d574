//! The Java classes and texts of values that depend on the types of this crate. The rest is in weir-java.

pub(crate) mod class;
pub(crate) mod decimal;
pub(crate) mod text;
pub(crate) mod to_string;
