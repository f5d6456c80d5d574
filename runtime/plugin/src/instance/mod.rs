//! Running sandboxes, one type for each interface. Here it is decided whether an answer may be believed; the bindings below only map.

mod connector;
mod predicate;
mod sink;
mod source;
mod transform;

pub use connector::ConnectorInstance;
pub use predicate::PredicateInstance;
pub use sink::SinkInstance;
pub use source::SourceInstance;
pub use transform::TransformInstance;

/// Runs one call of the contract within its deadline: `call!(sandbox, "sink.put", |store| guest.put(store, batch))`.
macro_rules! call {
    ($sandbox:expr, $name:literal, |$store:ident| $call:expr) => {{
        const FUNCTION: $crate::stats::Function = $crate::stats::Function::of($name);
        let deadline = $sandbox.begin(FUNCTION)?;
        let $store = &mut $sandbox.store;
        let outcome = deadline.run($call).await;
        $sandbox.end(FUNCTION, outcome)
    }};
}
pub(crate) use call;
