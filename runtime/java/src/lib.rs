//! What Java's own classes do and Kafka Connect's outcome hangs on: regular expressions, date formats, and the order of a
//! hash map. Small, because it goes into components as well as into the worker.

pub mod date_format;
pub mod hash_map;
pub mod regex;
pub mod text;
