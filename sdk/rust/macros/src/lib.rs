//! `#[derive(Config)]` of weir-sdk. The attributes are documented at [`Config`](macro@Config); authors use it as
//! `weir_sdk::Config`.

mod attributes;
mod expand;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Implements `weir_sdk::config::Config` for a struct with named fields: each field is one key.
///
/// The field's doc comment is the key's documentation and must be there. `#[config(...)]` says the rest, all of it optional:
///
/// | Attribute | Meaning | Without it |
/// | --- | --- | --- |
/// | `name = "a.b"` | the key | the field's name with dots for underscores |
/// | `default = 5` | the value of a key that is not given | required, or `None` for an `Option` |
/// | `importance = high` | `high`, `medium`, `low` | `medium` |
/// | `range(1..=9)` | bounds of a number | those of its type |
/// | `one_of("a", "b")`, `one_of_ignoring_case("a", "b")` | the texts allowed; the field may be of any type with `FromStr` | any |
/// | `validator = non_empty` | `non_empty`, `regex`, `non_empty_list`, `non_empty_list_without_duplicates`, `list_without_duplicates` | none |
/// | `kind = class` | Kafka's type, when not the usual one for the field's type | by type |
/// | `group = "File"`, `order = 1` | where user interfaces show it | no group |
/// | `display_name = "File name"`, `width = long` | how they show it; `none`, `short`, `medium`, `long` | the key, `none` |
/// | `dependents("b", "c")` | keys whose recommended values or visibility depend on this one | none |
/// | `recommended("x", "y")` | values to offer | none |
/// | `visible = false` | kept out of user interfaces and definitions | visible |
/// | `flatten` | the field is another `Config`, and its keys are keys of this one | |
///
/// Types: `String`, `bool`, `i16`, `i32`, `i64`, `u16`, `u32`, `u64`, `f64`, `Duration` (milliseconds), `Vec<String>` (a list),
/// `Password`, an `Option` of these, and any type with `FromStr` when `one_of` lists its texts.
#[proc_macro_derive(Config, attributes(config))]
pub fn derive_config(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand::config(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}
