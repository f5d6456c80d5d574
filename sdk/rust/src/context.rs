//! What an instance was created for. Sources and sinks find the same in their contexts; transforms and predicates have only
//! these functions.
//!
//! ```
//! // No connector in this example, as when a configuration without a name is validated.
//! assert_eq!(weir_sdk::context::task_number(), None);
//! ```

use crate::host;

/// Returns the connector's name, or an empty text in a call that is not made for a connector.
pub fn connector_name() -> String {
    host::connector_name()
}

/// Returns the number of the task, starting at 0, or `None` if the instance does not belong to a task. Transforms and
/// predicates belong to the task whose records they process.
pub fn task_number() -> Option<u32> {
    host::task_number()
}

/// Returns a number that is greater than it was in all earlier starts of the same task of the same connector, on whichever
/// worker it ran; 0 if the instance does not belong to a task. Numbers may be skipped.
///
/// A sink that writes this number with its data, and refuses to replace data that has a greater one, is safe from a task
/// that a worker wrongly believes to be its own (fencing).
pub fn task_generation() -> u64 {
    host::task_generation()
}
