//! The macro `#[derive(Config)]` of weir-sdk, which re-exports it as `weir_sdk::Config`. The attributes are documented at
//! [`Config`](macro@Config).

mod attributes;
mod expand;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Implements `weir_sdk::config::Config` for a struct with named fields: each field is one key.
///
/// The doc comment of the field is the documentation of the key, and is required. `#[config(...)]` sets the rest; all
/// attributes are optional:
///
/// | Attribute | Meaning | Default |
/// | --- | --- | --- |
/// | `name = "a.b"` | name of the key | name of the field, with underscores replaced by dots |
/// | `default = 5` | default value of the key | the key is required, or `None` for an `Option` |
/// | `importance = high` | importance: `high`, `medium`, `low` | `medium` |
/// | `range(1..=9)`, `range(0.5..=1.5)` | bounds of a number | bounds of its type |
/// | `one_of("a", "b")`, `one_of_ignoring_case("a", "b")` | allowed texts; the field may have any type that implements `FromStr` | any |
/// | `validator = non_empty` | validator: `non_empty`, `regex`, `non_empty_list`, `non_empty_list_without_duplicates`, `list_without_duplicates` | none |
/// | `kind = class` | Kafka's type | the usual one for the type of the field |
/// | `group = "File"`, `order = 1` | group and position in user interfaces | no group |
/// | `display_name = "File name"`, `width = long` | name and width in user interfaces; `short`, `medium`, `long` | the key, no width |
/// | `dependents("b", "c")` | keys whose recommended values or visibility depend on this one | none |
/// | `recommended("x", "y")` | recommended values | none |
/// | `internal` | hides the key from user interfaces and definitions | not hidden |
/// | `flatten` | the field is another `Config`, and its keys are keys of this one | |
///
/// The types of fields are `String`, `bool`, `i16`, `i32`, `i64`, `u16`, `u32`, `u64`, `f64`, `Duration` (milliseconds),
/// `Vec<String>` (a list), `Password`, an `Option` of these, and any type that implements `FromStr` if `one_of` lists its
/// texts.
#[proc_macro_derive(Config, attributes(config))]
pub fn derive_config(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand::config(&input).unwrap_or_else(|error| expand::failed(&input, error)).into()
}
