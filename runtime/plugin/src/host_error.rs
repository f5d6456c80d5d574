//! Why a plugin is not called although it did nothing wrong: the component has no such class, or the worker cannot run an instance.

use crate::info::PluginKind;
use crate::room::RoomError;

/// A component has no class that can be used as requested.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClassError {
    /// It has no class with this name.
    #[error("the plugin {component} has no class {class}; it has {}", classes.join(", "))]
    Unknown {
        /// The id of the component.
        component: String,
        /// The requested class.
        class: String,
        /// The classes that it has.
        classes: Vec<String>,
    },
    /// The class is of another kind.
    #[error("{class} is a {}, but a {} is needed here", kind.as_str(), any_of(expected))]
    Kind {
        /// The requested class.
        class: String,
        /// Its kind.
        kind: PluginKind,
        /// The kinds that can be used.
        expected: &'static [PluginKind],
    },
}

fn any_of(kinds: &[PluginKind]) -> String {
    kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(" or ")
}

/// The worker cannot create an instance, or cannot call it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// An instance needs more memory than it may have (`weir.task.memory.max`). The text says how much, and what to do.
    #[error("{0}")]
    Memory(String),
    /// There are too many instances.
    #[error(transparent)]
    Room(#[from] RoomError),
    /// The table of the instance's resources has no space for its sockets.
    #[error("{0}")]
    Sockets(String),
    /// The engine failed. The types were checked when the component was loaded, so this is an error of the worker and not of the plugin.
    #[error("the worker cannot call the plugin: {reason}")]
    Engine {
        /// The engine's error.
        reason: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_that_cannot_be_used_is_named_with_what_there_is() {
        let classes = vec!["a.C".into(), "a.D".into()];
        let unknown = ClassError::Unknown { component: "00ff".into(), class: "a.B".into(), classes };
        assert_eq!(unknown.to_string(), "the plugin 00ff has no class a.B; it has a.C, a.D");
        let expected = &[PluginKind::Source, PluginKind::Sink];
        let kind = ClassError::Kind { class: "a.B".into(), kind: PluginKind::Predicate, expected };
        assert_eq!(kind.to_string(), "a.B is a predicate, but a source or sink is needed here");
    }
}
