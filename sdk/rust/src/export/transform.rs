//! Implements the interfaces `transform` and `predicate`.

use std::cell::RefCell;

use super::Plugins;
use crate::bindings::host::weir::connect::data::{Columns, ConfigEntry, TransformBatch};
use crate::bindings::{predicate, transform};
use crate::config::received;
use crate::transform::{Chain, Test};
use crate::{Error, logging};

thread_local! {
    static CHAIN: RefCell<Option<Chain>> = const { RefCell::new(None) };
    static TEST: RefCell<Option<Test>> = const { RefCell::new(None) };
}

impl<T: Plugins> transform::interface::Guest for T {
    fn configure(steps: Vec<transform::interface::Step>) -> Result<Columns, String> {
        logging::enter();
        let chain = Chain::new(&T::chains(), steps)?;
        let columns = chain.columns();
        CHAIN.set(Some(chain));
        Ok(columns.into())
    }

    fn apply(batch: TransformBatch) -> Result<transform::interface::Transformed, String> {
        logging::enter();
        CHAIN.with_borrow_mut(|chain| match chain {
            Some(chain) => chain.apply(batch).map_err(Error::into_text),
            None => Err("the chain was not configured".into()),
        })
    }
}

impl<T: Plugins> predicate::interface::Guest for T {
    fn configure(class: String, config: Vec<ConfigEntry>) -> Result<Columns, String> {
        logging::enter();
        let test = Test::new(&T::chains(), &class, &received(config).0)?;
        let columns = test.columns();
        TEST.set(Some(test));
        Ok(columns.into())
    }

    fn test(batch: TransformBatch) -> Result<Vec<bool>, String> {
        logging::enter();
        TEST.with_borrow_mut(|test| match test {
            Some(test) => test.apply(batch).map_err(Error::into_text),
            None => Err("the predicate was not configured".into()),
        })
    }
}
