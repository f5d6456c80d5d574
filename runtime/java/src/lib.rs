//! Java behaviour that affects the results of Kafka Connect: regular expressions, dates, numbers, the order of a hash map, the
//! names of classes, and the syntax of JAAS. Small, because components use it as well as the worker.

pub mod big_decimal;
mod calendar;
pub mod class;
pub mod date;
pub mod date_format;
pub mod hash_map;
pub mod jaas;
pub mod maven;
pub mod number;
pub mod regex;
pub mod text;

pub use big_decimal::BigDecimal;
pub use class::Class;
