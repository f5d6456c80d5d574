//! Makes the cases of each transform: a file's name, its cases, and why Weir differs where it does.

mod hoist_field;
mod inputs;

use crate::case::Case;

/// A recording that is made.
type Made = (&'static str, fn() -> Vec<Case>, fn(&Case) -> Option<&'static str>);

pub(crate) fn all() -> Vec<Made> {
    vec![("hoist_field", hoist_field::cases, hoist_field::why)]
}
