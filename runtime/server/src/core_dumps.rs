//! Core dumps hold the worker's memory: passwords, tokens, records. So there are none unless an operator asks for them.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What the process was started with.
#[derive(Debug)]
pub(crate) struct CoreDumps(Rlimit);

impl CoreDumps {
    /// Sets the soft limit (`RLIMIT_CORE`) to 0, for this process and those it starts. The hard limit stays, so that it can be raised
    /// again from outside (`prlimit --core=unlimited --pid PID`).
    pub(crate) fn forbid() -> Self {
        let began = getrlimit(Resource::Core);
        // Lowering one's own soft limit cannot fail.
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: began.maximum });
        Self(began)
    }

    /// Back to what it was (`weir.core.dumps=true`).
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
