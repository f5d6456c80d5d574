//! Loads plugins and runs them in sandboxes. The only crate that names wasmtime.
//!
//! - [`Engine`] compiles a component once and caches the result on disk. [`Component`] describes its plugins and creates instances.
//! - [`Allowed`] is what the operator allows, [`Capability`] what a plugin requests, and [`Grants`] what it is granted.
//! - [`SourceInstance`], [`SinkInstance`], [`TransformInstance`], [`PredicateInstance`] and [`ConnectorInstance`] are running
//!   sandboxes. Each call has a deadline, and each result is checked. A guest that traps or violates the contract ends with a [`Trap`],
//!   whose text is the trace that operators see.
//!
//! The contract is `wit/`. Each of its tracks has a module in `contract/` that only converts between its types and those of this crate and
//! of `weir-data`.

// Grants, limits of the compiler and signals use functions of Unix. All crates of the worker depend on this one.
#[cfg(not(unix))]
compile_error!("Weir runs only on Unix: Linux, or macOS for development");

mod engine;
mod load_error;

mod answers;
mod artifact;
mod cache;
mod compile;
mod component;
mod contract;
mod describe;
mod info;
mod interfaces;

mod private;
mod seal;

mod batch;
mod call;
mod clock;
mod instance;

mod blocking;
mod budget;
mod cost;
mod descriptors;
mod files;
mod grants;
mod heap;
mod host_error;
mod limits;
mod log;
mod log_budget;
mod lookup;
mod metrics;
mod preopens;
mod requests;
mod room;
mod settings;
mod sockets;
mod stats;
mod store;

pub use batch::{
    Acknowledgements, Budget, Columns, ConfigMap, ConnectorRequests, OffsetChange, PluginConfig, Polled, RecordFailure,
    SETTLED_DROPPED, SETTLED_SKIPPED, SettledRecords, SinkBatch, SinkRequests, SourceBatch, Step, StepPredicate,
    TimestampType, TopicPartition, TopicPartitionOffset, TransactionBoundary,
};
pub use cache::CacheError;
pub use call::{CallError, Trap};
pub use compile::{Compile, CompileChild, CompileError, CompileLimits, compile_process};
pub use component::{Component, ComponentId};
pub use engine::{Engine, EngineError, EngineOptions};
pub use grants::{
    ALLOW_CONNECT, ALLOW_READ, ALLOW_WRITE, Allowed, Capability, GrantError, Grants, Guarded, HostPattern,
    HostPatternError, Overlap,
};
pub use host_error::{ClassError, HostError};
pub use info::{Bound, ConfigKey, ConfigType, ConfigValue, Importance, PluginInfo, PluginKind, Validator, Width};
pub use instance::{ConnectorInstance, PredicateInstance, SinkInstance, SourceInstance, TransformInstance};
pub use limits::{Limits, MemoryFrom};
pub use load_error::LoadError;
pub use log::{Guest, Identity, TaskFacts};
pub use metrics::{MetricValue, Metrics};
pub use private::{PrivateDir, PrivateDirError, Strangers};
pub use room::RoomError;
pub use stats::{EngineStats, FunctionCalls, GuestStats};
pub use store::{NoStoredOffsets, OffsetsFuture, StoredOffsets};
