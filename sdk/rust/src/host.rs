//! Calls to the runtime. In a component they are imports; in unit tests the harness handles them.

use crate::bindings::host::weir::connect::data::{TopicPartition, TopicPartitionOffset};
use crate::bindings::host::weir::connect::host::Level;

/// Defines functions that call the import of the same name, or the method of the same name of the current thread's
/// harness.
macro_rules! calls {
    ($($module:ident: fn $name:ident($($argument:ident: $type:ty),*) $(-> $answer:ty)?;)*) => {$(
        #[cfg(target_family = "wasm")]
        pub(crate) fn $name($($argument: $type),*) $(-> $answer)? {
            crate::bindings::host::weir::connect::$module::$name($($argument),*)
        }

        #[cfg(not(target_family = "wasm"))]
        pub(crate) fn $name($($argument: $type),*) $(-> $answer)? {
            crate::harness::runtime::with(|runtime| runtime.$name($($argument),*))
        }
    )*};
}

calls! {
    host: fn max_level() -> Level;
    host: fn log(level: Level, target: &str, message: &str);
    host: fn counter_add(name: &str, value: u64);
    host: fn gauge_set(name: &str, value: f64);
    context: fn connector_name() -> String;
    context: fn task_number() -> Option<u32>;
    context: fn task_generation() -> u64;
    connector_context: fn request_task_reconfiguration();
    connector_context: fn raise_error(message: &str);
    source_context: fn stored_offsets(partitions: &[String]) -> Vec<Option<String>>;
    source_context: fn defines_transactions() -> bool;
    source_context: fn commit_transaction(index: Option<u32>);
    source_context: fn abort_transaction(index: Option<u32>);
    sink_context: fn consumer_group() -> String;
    sink_context: fn rewind(offsets: &[TopicPartitionOffset]);
    sink_context: fn pause(partitions: &[TopicPartition]);
    sink_context: fn resume(partitions: &[TopicPartition]);
    sink_context: fn request_commit();
    sink_context: fn timeout(milliseconds: u32);
}
