//! Why the host refused something with files, or could not do it. A guest is told one of WASI's error codes, which stands for many causes,
//! and by some languages' libraries not even that; so the cause goes behind the guest's own words when its call fails.

use std::fmt;
use std::io;
use std::sync::Arc;

use parking_lot::Mutex;
use weir_data::text::bounded;

/// Longest text: a path that a guest chose, and what is wrong with it.
const MAX_BYTES: usize = 1024;

/// The last cause in the present call. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trouble(Arc<Mutex<Option<String>>>);

impl Trouble {
    /// A call begins, or the guest was told the cause in full.
    pub(crate) fn forget(&self) {
        *self.0.lock() = None;
    }

    pub(super) fn note(&self, path: &str, cause: impl fmt::Display) {
        *self.0.lock() = Some(bounded(format!("{path}: {cause}"), MAX_BYTES));
    }

    /// What a guest said about its failure, with the cause.
    pub(crate) fn explain(&self, said: String) -> String {
        match &*self.0.lock() {
            Some(cause) => format!("{said} ({cause})"),
            None => said,
        }
    }
}

/// Why something is not opened. What the error code of WASI says in full has no entry here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    #[error("it is {0}, and a plugin may open regular files and directories only")]
    Special(&'static str),
    #[error("the directory was granted for reading only")]
    ReadOnly,
    #[error("the path leads out of the granted directory, through a link or `..`")]
    Escape,
    #[error("the worker's user has no right to it")]
    NoRight,
}

/// An error of the system in words, without the number that only this system knows it by.
pub(super) fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull => "the disk is full".to_owned(),
        io::ErrorKind::QuotaExceeded => "the disk quota of the worker's user is used up".to_owned(),
        io::ErrorKind::FileTooLarge => {
            "the file cannot grow any more: the limit of the process (ulimit -f) or of the file system is reached"
                .to_owned()
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
            "cannot open /data/b: Operation not permitted (/data/b: it is a pipe, and a plugin may open regular files and directories only)"
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
