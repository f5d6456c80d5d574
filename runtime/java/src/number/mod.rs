//! Java's numbers as text: how Java prints them, and which texts it reads as numbers.

mod parse;
mod text;

pub use parse::{parse_double, parse_float, parse_long};
pub use text::{double, float};
