//! The WIT contract in Rust, made by wit-bindgen. Nothing here is for authors: the other modules wrap it. The generated code
//! holds `unsafe`; the lint spares it because it comes out of a macro of another crate. `wit` in this crate is a copy of the repository's
//! `wit`, so that the crate can be used without the repository; a test compares them.
//!
//! Each exported interface is a world of its own here, and `weir_sdk::export!` exports those that a component needs;
//! wit-component joins them again. So a component that has only sinks exports no `source`, and imports nothing of it.

/// What the runtime offers, and the types that all interfaces share.
#[expect(missing_docs, reason = "wit/*.wit documents what needs it; some record fields speak for themselves")]
pub mod host {
    wit_bindgen::generate!({
        path: "wit",
        inline: "
            package weir:sdk-host;
            world host {
                import weir:connect/data@0.1.0;
                import weir:connect/host@0.1.0;
                import weir:connect/source-context@0.1.0;
                import weir:connect/sink-context@0.1.0;
            }
        ",
        additional_derives: [PartialEq],
        generate_all,
    });
}

/// The interface `plugin`, exported by every component.
#[expect(missing_docs, reason = "wit/*.wit documents what needs it; some record fields speak for themselves")]
pub mod plugin {
    wit_bindgen::generate!({
        path: "wit",
        inline: "
            package weir:sdk-plugin;
            world sdk-plugin { export weir:connect/plugin@0.1.0; }
        ",
        with: { "weir:connect/data@0.1.0": crate::bindings::host::weir::connect::data },
        additional_derives: [PartialEq],
        pub_export_macro: true,
        export_macro_name: "export_plugin",
    });
    pub use exports::weir::connect::plugin as interface;
}

/// The interface `connector`, exported by components with sources or sinks.
#[expect(missing_docs, reason = "wit/*.wit documents what needs it; some record fields speak for themselves")]
pub mod connector {
    wit_bindgen::generate!({
        path: "wit",
        inline: "
            package weir:sdk-connector;
            world sdk-connector { export weir:connect/connector@0.1.0; }
        ",
        with: { "weir:connect/data@0.1.0": crate::bindings::host::weir::connect::data },
        pub_export_macro: true,
        export_macro_name: "export_connector",
    });
    pub use exports::weir::connect::connector as interface;
}

/// The interface `source`.
#[expect(missing_docs, reason = "wit/*.wit documents what needs it; some record fields speak for themselves")]
pub mod source {
    wit_bindgen::generate!({
        path: "wit",
        inline: "
            package weir:sdk-source;
            world sdk-source { export weir:connect/source@0.1.0; }
        ",
        with: { "weir:connect/data@0.1.0": crate::bindings::host::weir::connect::data },
        pub_export_macro: true,
        export_macro_name: "export_source",
    });
    pub use exports::weir::connect::source as interface;
}

/// The interface `sink`.
#[expect(missing_docs, reason = "wit/*.wit documents what needs it; some record fields speak for themselves")]
pub mod sink {
    wit_bindgen::generate!({
        path: "wit",
        inline: "
            package weir:sdk-sink;
            world sdk-sink { export weir:connect/sink@0.1.0; }
        ",
        with: { "weir:connect/data@0.1.0": crate::bindings::host::weir::connect::data },
        pub_export_macro: true,
        export_macro_name: "export_sink",
    });
    pub use exports::weir::connect::sink as interface;
}
