//! Implements the interfaces `transform` and `predicate`. Plugin code uses
//! [`export_transforms!`](crate::export_transforms!).

use std::cell::RefCell;

pub use super::chain::{Chain, Test};
pub use super::entry::{Plugins, PredicateEntry, TransformEntry};

use super::bindings::{predicate, transform};
use crate::bindings::host::weir::connect::data::{ConfigEntry, Fault};
use crate::export::config_map;
use crate::logging;

/// Exports these transforms and predicates from the component. Use it once per crate; the crate type must be `cdylib`.
/// The crate is built like a connector, for `wasm32-wasip2`.
///
/// The forms are `export_transforms!(transforms: [A, B])` and `export_transforms!(transforms: [A], predicates: [P])`; see
/// [`transform`](mod@crate::transform) for an example.
#[macro_export]
macro_rules! export_transforms {
    (transforms: [$($transform:ty),* $(,)?] $(,)?) => {
        $crate::export_transforms!(transforms: [$($transform),*], predicates: []);
    };
    (transforms: [$($transform:ty),* $(,)?], predicates: [$($predicate:ty),* $(,)?] $(,)?) => {
        const _: () = {
            struct Component;

            impl $crate::export::Plugins for Component {
                fn plugins() -> ::std::vec::Vec<$crate::export::PluginEntry> {
                    ::std::vec![
                        $($crate::export::PluginEntry::transform::<$transform>(),)*
                        $($crate::export::PluginEntry::predicate::<$predicate>(),)*
                    ]
                }
            }

            impl $crate::transform::export::Transforms for Component {
                fn plugins() -> $crate::transform::export::Plugins {
                    $crate::transform::export::Plugins {
                        transforms: ::std::vec![
                            $($crate::transform::export::TransformEntry::of::<$transform>(),)*
                        ],
                        predicates: ::std::vec![
                            $($crate::transform::export::PredicateEntry::of::<$predicate>(),)*
                        ],
                    }
                }
            }

            #[cfg(target_family = "wasm")]
            $crate::bindings::plugin::export_plugin!(Component with_types_in $crate::bindings::plugin);
            #[cfg(target_family = "wasm")]
            $crate::transform::bindings::world::export_transform!(
                Component with_types_in $crate::transform::bindings::world
            );
        };
    };
}

/// The transforms and predicates of a component.
pub trait Transforms {
    /// Returns all plugins.
    fn plugins() -> Plugins;
}

thread_local! {
    static CHAIN: RefCell<Option<Chain>> = const { RefCell::new(None) };
    static TEST: RefCell<Option<Test>> = const { RefCell::new(None) };
}

impl<T: Transforms> transform::Guest for T {
    fn configure(steps: Vec<transform::Step>) -> Result<transform::Columns, String> {
        logging::enter();
        let chain = Chain::new(&T::plugins(), steps)?;
        let columns = chain.columns();
        CHAIN.set(Some(chain));
        Ok(columns.into())
    }

    fn apply(batch: transform::TransformBatch) -> Result<transform::Transformed, Fault> {
        logging::enter();
        CHAIN.with_borrow_mut(|chain| match chain {
            Some(chain) => chain.apply(batch).map_err(Fault::from),
            None => Err(Fault::Fatal("the chain was not configured".into())),
        })
    }
}

impl<T: Transforms> predicate::Guest for T {
    fn configure(class: String, config: Vec<ConfigEntry>) -> Result<transform::Columns, String> {
        logging::enter();
        let test = Test::new(&T::plugins(), &class, &config_map(config))?;
        let columns = test.columns();
        TEST.set(Some(test));
        Ok(columns.into())
    }

    fn test(batch: transform::TransformBatch) -> Result<Vec<bool>, Fault> {
        logging::enter();
        TEST.with_borrow_mut(|test| match test {
            Some(test) => test.apply(batch).map_err(Fault::from),
            None => Err(Fault::Fatal("the predicate was not configured".into())),
        })
    }
}
