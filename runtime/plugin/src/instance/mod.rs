//! Running instances, one type for each interface. Results of guests are checked here; the bindings in `contract` only convert them.

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

/// Makes a call of the contract with its deadline: `call!(sandbox, "sink.put", |store| guest.put(store, batch))`.
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
