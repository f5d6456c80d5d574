//! Disables core dumps, which would contain the worker's memory: passwords, tokens, records. An operator can enable them.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The limit with which the process was started.
#[derive(Debug)]
pub(crate) struct CoreDumps(Rlimit);

impl CoreDumps {
    /// Sets the soft limit (`RLIMIT_CORE`) to 0, for this process and those it starts. The hard limit stays, so that it can be raised
    /// again from outside (`prlimit --core=unlimited --pid PID`).
    pub(crate) fn forbid() -> Self {
        let began = getrlimit(Resource::Core);
        // A process can always lower its own soft limit.
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: began.maximum });
        Self(began)
    }

    /// Restores the limit with which the process was started (`weir.core.dumps=true`).
    pub(crate) fn allow(self) {
        let _ = setrlimit(Resource::Core, self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_no_core_dumps_until_they_are_allowed() {
        let began = getrlimit(Resource::Core);
        let dumps = CoreDumps::forbid();
        let forbidden = getrlimit(Resource::Core);
        assert_eq!((forbidden.current, forbidden.maximum), (Some(0), began.maximum));
        dumps.allow();
        assert_eq!(getrlimit(Resource::Core).current, began.current);
    }
}
