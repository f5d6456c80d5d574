//! Connects the exports of the component to the plugin types. Plugin code uses only the macro
//! [`export!`](crate::export!).
//!
//! The macro creates a type that lists the plugins of the crate. The impls in this module implement every exported
//! function for such a list. The running task, connector, chain or predicate is in a thread local, because a component
//! instance has at most one of each.

mod connector;
pub mod guard;
mod plugin;
mod sink;
mod source;
#[cfg(test)]
mod tests;
mod transform;

pub use connector::{CheckEntry, Checks, ConnectorEntry, Connectors};
pub use plugin::{PluginEntry, Plugins};
pub use sink::{
    CommitEntry, Commits, PartitionsEntry, PartitionsList, SinkEntry, SinkOffsets, SinkOffsetsEntry, Sinks,
};
pub use source::{
    Acknowledge, AcknowledgeEntry, SourceEntry, SourceOffsets, SourceOffsetsEntry, Sources, Transactions,
    TransactionsEntry,
};

#[cfg(not(target_family = "wasm"))]
pub(crate) use source::poll;

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
/// The plugins are in groups, in any order: `export!(sources: [A, B], sinks: [C], commit: [C])`.
///
/// | Group | Types that implement |
/// | --- | --- |
/// | `sources` | [`Source`](crate::Source) |
/// | `acknowledge` | [`source::Acknowledge`](crate::source::Acknowledge) |
/// | `transactions` | [`source::Transactions`](crate::source::Transactions) |
/// | `source_offsets` | [`source::AlterOffsets`](crate::source::AlterOffsets) |
/// | `sinks` | [`Sink`](crate::Sink) |
/// | `commit` | [`sink::Commit`](crate::sink::Commit) |
/// | `partitions` | [`sink::Partitions`](crate::sink::Partitions) |
/// | `sink_offsets` | [`sink::AlterOffsets`](crate::sink::AlterOffsets) |
/// | `connectors` | [`connector::Connector`](crate::connector::Connector) |
/// | `checks` | [`connector::Check`](crate::connector::Check) |
/// | `transforms` | [`Transform`](crate::Transform) |
/// | `predicates` | [`Predicate`](crate::Predicate) |
///
/// Each group exports an interface of the contract. A source or sink that implements one of the optional traits must be in the
/// group of that trait, because the runtime calls only exported interfaces; the compiler checks this. The component also
/// exports `plugin`, `validation` and `capabilities`.
#[macro_export]
macro_rules! export {
    // The entries of the description.
    (@describe $list:ident sources [$($plugin:ty),+]) => { $($list.push($crate::export::PluginEntry::source::<$plugin>());)+ };
    (@describe $list:ident sinks [$($plugin:ty),+]) => { $($list.push($crate::export::PluginEntry::sink::<$plugin>());)+ };
    (@describe $list:ident transforms [$($plugin:ty),+]) => {
        $($list.push($crate::export::PluginEntry::transform::<$plugin>());)+
    };
    (@describe $list:ident predicates [$($plugin:ty),+]) => {
        $($list.push($crate::export::PluginEntry::predicate::<$plugin>());)+
    };
    (@describe $list:ident $group:ident [$($plugin:ty),+]) => {};

    // The steps and conditions of chains.
    (@chain $list:ident transforms [$($plugin:ty),+]) => {
        $($list.transforms.push($crate::transform::TransformEntry::of::<$plugin>());)+
    };
    (@chain $list:ident predicates [$($plugin:ty),+]) => {
        $($list.predicates.push($crate::transform::PredicateEntry::of::<$plugin>());)+
    };
    (@chain $list:ident $group:ident [$($plugin:ty),+]) => {};

    // The classes in a group, for the checks at compile time.
    (@classes sources [$($plugin:ty),+]) => { &[$(<$plugin as $crate::Source>::CLASS),+] };
    (@classes acknowledge [$($plugin:ty),+]) => { &[$(<$plugin as $crate::Source>::CLASS),+] };
    (@classes transactions [$($plugin:ty),+]) => { &[$(<$plugin as $crate::Source>::CLASS),+] };
    (@classes source_offsets [$($plugin:ty),+]) => { &[$(<$plugin as $crate::Source>::CLASS),+] };
    (@classes sinks [$($plugin:ty),+]) => { &[$(<$plugin as $crate::Sink>::CLASS),+] };
    (@classes commit [$($plugin:ty),+]) => { &[$(<$plugin as $crate::Sink>::CLASS),+] };
    (@classes partitions [$($plugin:ty),+]) => { &[$(<$plugin as $crate::Sink>::CLASS),+] };
    (@classes sink_offsets [$($plugin:ty),+]) => { &[$(<$plugin as $crate::Sink>::CLASS),+] };
    (@classes connectors [$($plugin:ty),+]) => { &[$(<$plugin as $crate::connector::Connector>::CLASS),+] };
    (@classes checks [$($plugin:ty),+]) => { &[$(<$plugin as $crate::connector::Connector>::CLASS),+] };
    (@classes $group:ident [$($plugin:ty),+]) => { &[] };

    // One interface for each group.
    (@group sources [$($plugin:ty),+]) => {
        impl $crate::export::Sources for Component {
            fn entries() -> ::std::vec::Vec<$crate::export::SourceEntry> {
                ::std::vec![$($crate::export::SourceEntry::of::<$plugin>()),+]
            }
        }
        $(
            const _: () = {
                use $crate::export::guard::{NoneOfThese as _, Probe, contains};
                assert!(
                    !Probe::<$plugin>::ACKNOWLEDGE || contains(GROUPS, "acknowledge", <$plugin as $crate::Source>::CLASS),
                    "a source implements `Acknowledge`: add it to the group `acknowledge: [...]` of `weir_sdk::export!`"
                );
                assert!(
                    !Probe::<$plugin>::TRANSACTIONS || contains(GROUPS, "transactions", <$plugin as $crate::Source>::CLASS),
                    "a source implements `Transactions`: add it to the group `transactions: [...]` of `weir_sdk::export!`"
                );
                assert!(
                    !Probe::<$plugin>::SOURCE_OFFSETS
                        || contains(GROUPS, "source_offsets", <$plugin as $crate::Source>::CLASS),
                    "a source implements `AlterOffsets`: add it to the group `source_offsets: [...]` of `weir_sdk::export!`"
                );
            };
        )+
        #[cfg(target_family = "wasm")]
        $crate::bindings::source::export_source!(Component with_types_in $crate::bindings::source);
    };
    (@group acknowledge [$($plugin:ty),+]) => {
        impl $crate::export::Acknowledge for Component {
            fn entries() -> ::std::vec::Vec<$crate::export::AcknowledgeEntry> {
                ::std::vec![$($crate::export::AcknowledgeEntry::of::<$plugin>()),+]
            }
        }
        #[cfg(target_family = "wasm")]
        $crate::bindings::source_acknowledgements::export_source_acknowledgements!(
            Component with_types_in $crate::bindings::source_acknowledgements
        );
    };
    (@group transactions [$($plugin:ty),+]) => {
        impl $crate::export::Transactions for Component {
            fn entries() -> ::std::vec::Vec<$crate::export::TransactionsEntry> {
                ::std::vec![$($crate::export::TransactionsEntry::of::<$plugin>()),+]
            }
        }
        #[cfg(target_family = "wasm")]
        $crate::bindings::source_transactions::export_source_transactions!(
            Component with_types_in $crate::bindings::source_transactions
        );
    };
    (@group source_offsets [$($plugin:ty),+]) => {
        impl $crate::export::SourceOffsets for Component {
            fn entries() -> ::std::vec::Vec<$crate::export::SourceOffsetsEntry> {
                ::std::vec![$($crate::export::SourceOffsetsEntry::of::<$plugin>()),+]
            }
        }
        #[cfg(target_family = "wasm")]
        $crate::bindings::source_offsets::export_source_offsets!(
            Component with_types_in $crate::bindings::source_offsets
        );
    };
    (@group sinks [$($plugin:ty),+]) => {
        impl $crate::export::Sinks for Component {
            fn entries() -> ::std::vec::Vec<$crate::export::SinkEntry> {
                ::std::vec![$($crate::export::SinkEntry::of::<$plugin>()),+]
            }
        }
        $(
            const _: () = {
                use $crate::export::guard::{NoneOfThese as _, Probe, contains};
                assert!(
                    !Probe::<$plugin>::COMMIT || contains(GROUPS, "commit", <$plugin as $crate::Sink>::CLASS),
                    "a sink implements `Commit`: add it to the group `commit: [...]` of `weir_sdk::export!`"
                );
                assert!(
                    !Probe::<$plugin>::PARTITIONS || contains(GROUPS, "partitions", <$plugin as $crate::Sink>::CLASS),
                    "a sink implements `Partitions`: add it to the group `partitions: [...]` of `weir_sdk::export!`"
                );
                assert!(
                    !Probe::<$plugin>::SINK_OFFSETS || contains(GROUPS, "sink_offsets", <$plugin as $crate::Sink>::CLASS),
                    "a sink implements `AlterOffsets`: add it to the group `sink_offsets: [...]` of `weir_sdk::export!`"
                );
            };
        )+
        #[cfg(target_family = "wasm")]
        $crate::bindings::sink::export_sink!(Component with_types_in $crate::bindings::sink);
    };
    (@group commit [$($plugin:ty),+]) => {
        impl $crate::export::Commits for Component {
            fn entries() -> ::std::vec::Vec<$crate::export::CommitEntry> {
                ::std::vec![$($crate::export::CommitEntry::of::<$plugin>()),+]
            }
        }
        #[cfg(target_family = "wasm")]
        $crate::bindings::sink_commit::export_sink_commit!(Component with_types_in $crate::bindings::sink_commit);
    };
    (@group partitions [$($plugin:ty),+]) => {
        impl $crate::export::PartitionsList for Component {
            fn entries() -> ::std::vec::Vec<$crate::export::PartitionsEntry> {
                ::std::vec![$($crate::export::PartitionsEntry::of::<$plugin>()),+]
            }
        }
        #[cfg(target_family = "wasm")]
        $crate::bindings::sink_partitions::export_sink_partitions!(
            Component with_types_in $crate::bindings::sink_partitions
        );
    };
    (@group sink_offsets [$($plugin:ty),+]) => {
        impl $crate::export::SinkOffsets for Component {
            fn entries() -> ::std::vec::Vec<$crate::export::SinkOffsetsEntry> {
                ::std::vec![$($crate::export::SinkOffsetsEntry::of::<$plugin>()),+]
            }
        }
        #[cfg(target_family = "wasm")]
        $crate::bindings::sink_offsets::export_sink_offsets!(Component with_types_in $crate::bindings::sink_offsets);
    };
    (@group connectors [$($plugin:ty),+]) => {
        impl $crate::export::Connectors for Component {
            fn entries() -> ::std::vec::Vec<$crate::export::ConnectorEntry> {
                ::std::vec![$($crate::export::ConnectorEntry::of::<$plugin>()),+]
            }
        }
        $(
            const _: () = {
                use $crate::export::guard::{NoneOfThese as _, Probe, contains};
                assert!(
                    contains(GROUPS, "sources", <$plugin as $crate::connector::Connector>::CLASS)
                        || contains(GROUPS, "sinks", <$plugin as $crate::connector::Connector>::CLASS),
                    "the `CLASS` of a connector must be that of a source in `sources: [...]` or of a sink in `sinks: [...]`"
                );
                assert!(
                    !Probe::<$plugin>::CHECK
                        || contains(GROUPS, "checks", <$plugin as $crate::connector::Connector>::CLASS),
                    "a connector implements `Check`: add it to the group `checks: [...]` of `weir_sdk::export!`"
                );
            };
        )+
        #[cfg(target_family = "wasm")]
        $crate::bindings::connector::export_connector!(Component with_types_in $crate::bindings::connector);
    };
    (@group checks [$($plugin:ty),+]) => {
        impl $crate::export::Checks for Component {
            fn entries() -> ::std::vec::Vec<$crate::export::CheckEntry> {
                ::std::vec![$($crate::export::CheckEntry::of::<$plugin>()),+]
            }
        }
        #[cfg(target_family = "wasm")]
        $crate::bindings::connector_check::export_connector_check!(
            Component with_types_in $crate::bindings::connector_check
        );
    };
    (@group transforms [$($plugin:ty),+]) => {
        #[cfg(target_family = "wasm")]
        $crate::bindings::transform::export_transform!(Component with_types_in $crate::bindings::transform);
    };
    (@group predicates [$($plugin:ty),+]) => {
        #[cfg(target_family = "wasm")]
        $crate::bindings::predicate::export_predicate!(Component with_types_in $crate::bindings::predicate);
    };
    (@group $group:ident [$($plugin:ty),+]) => {
        ::std::compile_error!(::std::concat!(
            "`", ::std::stringify!($group), "` is not a group of `weir_sdk::export!`; the groups are: sources, acknowledge, \
             transactions, source_offsets, sinks, commit, partitions, sink_offsets, connectors, checks, transforms, predicates"
        ));
    };

    ($($group:ident: [$($plugin:ty),+ $(,)?]),+ $(,)?) => {
        const _: () = {
            struct Component;

            const GROUPS: &[(&str, &[&str])] =
                &[$((::std::stringify!($group), $crate::export!(@classes $group [$($plugin),+]))),+];

            // Types in the groups of optional traits are in the group of their kind, too.
            const _: () = $crate::export::guard::check(GROUPS);

            impl $crate::export::Plugins for Component {
                fn plugins() -> ::std::vec::Vec<$crate::export::PluginEntry> {
                    let mut plugins = ::std::vec::Vec::new();
                    $($crate::export!(@describe plugins $group [$($plugin),+]);)+
                    plugins
                }

                fn chains() -> $crate::transform::Plugins {
                    let mut plugins = $crate::transform::Plugins::default();
                    $($crate::export!(@chain plugins $group [$($plugin),+]);)+
                    plugins
                }
            }

            $($crate::export!(@group $group [$($plugin),+]);)+

            #[cfg(target_family = "wasm")]
            $crate::bindings::plugin::export_plugin!(Component with_types_in $crate::bindings::plugin);
            #[cfg(target_family = "wasm")]
            $crate::bindings::validation::export_validation!(Component with_types_in $crate::bindings::validation);
            #[cfg(target_family = "wasm")]
            $crate::bindings::capabilities::export_capabilities!(Component with_types_in $crate::bindings::capabilities);
        };
    };
    ($($wrong:tt)*) => {
        ::std::compile_error!(
            "`weir_sdk::export!` expects groups of types, none of them empty: `export!(sources: [A, B], sinks: [C], commit: [C])`"
        );
    };
}

/// Returns the entry of a class, or an error message if there is none.
fn find<T>(entries: Vec<T>, class: &str, of: impl Fn(&T) -> &'static str) -> Result<T, String> {
    let names: Vec<&str> = entries.iter().map(&of).collect();
    let unknown = format!("this component has no class {class}; it has {}", names.join(", "));
    entries.into_iter().find(|entry| of(entry) == class).ok_or(unknown)
}
