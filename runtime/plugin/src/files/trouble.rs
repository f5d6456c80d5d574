//! The causes of errors with files. A guest gets an error code of WASI, which stands for many causes, or in some languages not even that.
//! The cause is therefore added to the guest's own message when its call fails.

use std::fmt;
use std::io;
use std::sync::Arc;

use parking_lot::Mutex;
use weir_data::text::bounded;

/// The maximum length of a text: a path that a guest chose, and the cause.
const MAX_BYTES: usize = 1024;

/// The last cause in the current call. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trouble(Arc<Mutex<Option<String>>>);

impl Trouble {
    /// Removes the cause: a call begins, or the guest got the complete cause.
    pub(crate) fn forget(&self) {
        *self.0.lock() = None;
    }

    pub(super) fn note(&self, path: &str, cause: impl fmt::Display) {
        *self.0.lock() = Some(bounded(format!("{path}: {cause}"), MAX_BYTES));
    }

    /// Returns a guest's error message with the cause.
    pub(crate) fn explain(&self, said: String) -> String {
        match &*self.0.lock() {
            Some(cause) => format!("{said} ({cause})"),
            None => said,
        }
    }
}

/// Why something is not opened. Causes that WASI's error code describes completely are not listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    #[error("it is {0}; plugins may open only regular files and directories")]
    Special(&'static str),
    #[error("the directory was granted for reading only")]
    ReadOnly,
    #[error("the path leads out of the granted directory, through a link or `..`")]
    Escape,
    #[error("the worker's user does not have permission")]
    NoRight,
}

/// Returns the text of a system error, without its number, which is specific to this system.
pub(super) fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull => "the disk is full".to_owned(),
        io::ErrorKind::QuotaExceeded => "the disk quota of the worker's user is exceeded".to_owned(),
        io::ErrorKind::FileTooLarge => {
            "the file has reached the size limit of the process (ulimit -f) or of the file system".to_owned()
        }
        _ => {
            let text = error.to_string();
            text.split(" (os error").next().unwrap_or(&text).to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_cause_stands_behind_what_the_guest_said_until_the_next_call() {
        let trouble = Trouble::default();
        assert_eq!(trouble.explain("no".into()), "no");
        trouble.note("/data/a", Refused::Escape);
        trouble.clone().note("/data/b", Refused::Special("a pipe"));
        assert_eq!(
            trouble.explain("cannot open /data/b: Operation not permitted".into()),
            "cannot open /data/b: Operation not permitted (/data/b: it is a pipe; plugins may open only regular files and directories)"
        );
        trouble.forget();
        assert_eq!(trouble.explain("no".into()), "no");
        trouble.note(&"x".repeat(10 << 20), Refused::Escape);
        assert!(trouble.explain(String::new()).len() < 2 * MAX_BYTES);
    }

    #[test]
    fn an_error_of_the_system_has_no_number() {
        let words_of = |errno: rustix::io::Errno| words(&errno.into());
        assert_eq!(words_of(rustix::io::Errno::NOSPC), "the disk is full");
        assert_eq!(words_of(rustix::io::Errno::IO), "Input/output error");
        assert!(words_of(rustix::io::Errno::FBIG).contains("ulimit -f"));
        assert_eq!(words(&io::ErrorKind::WriteZero.into()), "write zero");
    }
}
