//! Components of each released version of the contract (`wit/released`), and of the present one (`wit`), made by `build.rs`. And what is to
//! be known about the versions; the tests that expect something of it are in `contract/released_tests.rs` of weir-plugin.

/// A component that exports all that a component of its version can, and imports all that one can.
#[derive(Debug, Clone, Copy)]
pub struct Released {
    /// The version.
    pub version: &'static str,
    /// The component.
    pub wasm: &'static [u8],
}

/// A comparison of two versions.
#[derive(Debug, Clone, Copy)]
pub struct Compared {
    /// The versions, or what was changed.
    pub what: &'static str,
    /// Why the second is not an addition to the first; empty if it is one.
    pub fault: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/released.rs"));
