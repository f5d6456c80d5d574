//! Connects the exports of the component to the plugin types. Plugin code uses only the macro
//! [`export!`](crate::export!).
//!
//! The macro creates a type that lists the plugins of the crate. The impls in this module implement every exported
//! function for such a list. The running task and the running connector are in thread locals, because a component
//! instance has at most one of each.

mod connector;
mod plugin;
mod sink;
mod source;
#[cfg(test)]
mod tests;

pub use connector::{ConnectorEntry, Connectors};
pub use plugin::{PluginEntry, Plugins};
pub use sink::{SinkEntry, Sinks};
pub use source::{SourceEntry, Sources};

#[cfg(not(target_family = "wasm"))]
pub(crate) use source::poll;

use crate::ConfigMap;
use crate::bindings::host::weir::connect::data::ConfigEntry;

/// Exports these plugins from the component. Use it once per crate; the crate type must be `cdylib`.
///
/// ```
/// use weir_sdk::source::{Poll, Source, SourceContext};
/// use weir_sdk::{BatchBuilder, Error};
///
/// struct Nothing;
///
/// impl Source for Nothing {
///     const CLASS: &'static str = "org.example.NothingSource";
///     const VERSION: &'static str = "1.0.0";
///     type Config = ();
///
///     fn start(_: (), _: &SourceContext) -> Result<Nothing, Error> {
///         Ok(Nothing)
///     }
///
///     fn poll(&mut self, _: &mut BatchBuilder) -> Result<Poll, Error> {
///         Ok(Poll::Idle(std::time::Duration::from_secs(60)))
///     }
/// }
///
/// weir_sdk::export!(sources: [Nothing]);
/// # fn main() {}
/// ```
///
/// The other forms are `export!(sinks: [A])` and `export!(sources: [A, B], sinks: [C])`.
#[macro_export]
macro_rules! export {
    (sources: [$($source:ty),+ $(,)?] $(,)?) => {
        $crate::export!(@component [$($source),+] []);
    };
    (sinks: [$($sink:ty),+ $(,)?] $(,)?) => {
        $crate::export!(@component [] [$($sink),+]);
    };
    (sources: [$($source:ty),+ $(,)?], sinks: [$($sink:ty),+ $(,)?] $(,)?) => {
        $crate::export!(@component [$($source),+] [$($sink),+]);
    };
    (@component [$($source:ty),*] [$($sink:ty),*]) => {
        const _: () = {
            struct Component;

            impl $crate::export::Plugins for Component {
                fn plugins() -> ::std::vec::Vec<$crate::export::PluginEntry> {
                    ::std::vec![
                        $($crate::export::PluginEntry::source::<$source>(),)*
                        $($crate::export::PluginEntry::sink::<$sink>(),)*
                    ]
                }
            }

            impl $crate::export::Connectors for Component {
                fn connectors() -> ::std::vec::Vec<$crate::export::ConnectorEntry> {
                    ::std::vec![
                        $($crate::export::ConnectorEntry::source::<$source>(),)*
                        $($crate::export::ConnectorEntry::sink::<$sink>(),)*
                    ]
                }
            }

            #[cfg(target_family = "wasm")]
            $crate::bindings::plugin::export_plugin!(Component with_types_in $crate::bindings::plugin);
            #[cfg(target_family = "wasm")]
            $crate::bindings::connector::export_connector!(Component with_types_in $crate::bindings::connector);
            $crate::export!(@sources [$($source),*]);
            $crate::export!(@sinks [$($sink),*]);
        };
    };
    (@sources []) => {};
    (@sources [$($source:ty),+]) => {
        impl $crate::export::Sources for Component {
            fn sources() -> ::std::vec::Vec<$crate::export::SourceEntry> {
                ::std::vec![$($crate::export::SourceEntry::of::<$source>()),+]
            }
        }

        #[cfg(target_family = "wasm")]
        $crate::bindings::source::export_source!(Component with_types_in $crate::bindings::source);
    };
    (@sinks []) => {};
    (@sinks [$($sink:ty),+]) => {
        impl $crate::export::Sinks for Component {
            fn sinks() -> ::std::vec::Vec<$crate::export::SinkEntry> {
                ::std::vec![$($crate::export::SinkEntry::of::<$sink>()),+]
            }
        }

        #[cfg(target_family = "wasm")]
        $crate::bindings::sink::export_sink!(Component with_types_in $crate::bindings::sink);
    };
}

/// Converts the configuration to a map.
pub fn config_map(entries: Vec<ConfigEntry>) -> ConfigMap {
    entries.into_iter().map(|entry| (entry.key, entry.value)).collect()
}

/// Converts the configuration to the type of the contract.
pub fn config_entries(config: ConfigMap) -> Vec<ConfigEntry> {
    config.into_iter().map(|(key, value)| ConfigEntry { key, value }).collect()
}

/// Returns the entry of a class, or an error message if there is none.
fn find<T>(entries: Vec<T>, class: &str, of: impl Fn(&T) -> &'static str) -> Result<T, String> {
    let names: Vec<&str> = entries.iter().map(&of).collect();
    let unknown = format!("this component has no class {class}; it has {}", names.join(", "));
    entries.into_iter().find(|entry| of(entry) == class).ok_or(unknown)
}
