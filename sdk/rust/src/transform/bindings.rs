//! The interfaces `transform` and `predicate` in Rust, made by wit-bindgen. See [`crate::bindings`].

/// Both interfaces: every component with transforms exports both.
#[expect(missing_docs, reason = "wit/*.wit documents what needs it; some record fields speak for themselves")]
pub mod world {
    wit_bindgen::generate!({
        path: "wit",
        inline: "
            package weir:sdk-transform;
            world sdk-transform {
                export weir:connect/transform@0.1.0;
                export weir:connect/predicate@0.1.0;
            }
        ",
        with: { "weir:connect/data@0.1.0": crate::bindings::host::weir::connect::data },
        pub_export_macro: true,
        export_macro_name: "export_transform",
    });
}

pub use world::exports::weir::connect::{predicate, transform};
