//! The names that have each right.

use std::collections::HashSet;

use super::Error;
use crate::right::Right;
use weir_config::access::Auth;

/// The names that have each right.
pub(super) struct Rights {
    read: Names,
    operate: Names,
    upload: Names,
}

struct Names {
    everyone: bool,
    named: HashSet<String>,
}

impl Names {
    fn new(names: &[String]) -> Self {
        Self { everyone: names.iter().any(|name| name == "*"), named: names.iter().cloned().collect() }
    }

    fn has(&self, name: &str) -> bool {
        self.everyone || self.named.contains(name)
    }
}

impl Rights {
    pub(super) fn new(config: &Auth) -> Self {
        Self {
            read: Names::new(&config.read),
            operate: Names::new(&config.operate),
            upload: Names::new(&config.upload),
        }
    }

    /// Whether this name has this right. The rights to change something include the right to read.
    pub(super) fn allow(&self, name: &str, right: Right) -> bool {
        match right {
            Right::Read => self.read.has(name) || self.operate.has(name) || self.upload.has(name),
            Right::Operate => self.operate.has(name),
            Right::Upload => self.upload.has(name),
        }
    }
}

/// Checks that the names that have rights exist. Returns a warning for each right some of whose names do not.
///
/// # Errors
///
/// None of the names of a right exists, so no client could have it.
pub(super) fn check_names(config: &Auth, known: impl Fn(&str) -> bool, files: &str) -> Result<Vec<String>, Error> {
    let mut warnings = Vec::new();
    for (key, names) in [
        ("weir.rest.auth.read", &config.read),
        ("weir.rest.auth.operate", &config.operate),
        ("weir.rest.auth.upload", &config.upload),
    ] {
        let (there, missing): (Vec<&String>, Vec<_>) = names.iter().partition(|name| *name == "*" || known(name));
        let missing = missing.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        match (there.is_empty(), missing.is_empty()) {
            (_, true) => {}
            (true, false) => return Err(Error::Nobody { key, names: missing, files: files.to_owned() }),
            (false, false) => {
                warnings.push(format!("'{key}' grants a right to {missing}, but {files} has no such name"));
            }
        }
    }
    Ok(warnings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_that_no_name_has_is_refused_and_an_unknown_name_is_a_warning() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let check = |read: &[&str], upload: &[&str]| {
            let auth = Auth { read: names(read), upload: names(upload), ..Auth::default() };
            check_names(&auth, |name| name == "alice", "/u").map_err(|error| error.to_string())
        };
        assert_eq!(check(&["*"], &[]), Ok(vec![]));
        assert_eq!(check(&["alice"], &["alice", "*"]), Ok(vec![]));
        assert_eq!(
            check(&["alice", "bob"], &[]),
            Ok(vec!["'weir.rest.auth.read' grants a right to bob, but /u has no such name".to_owned()])
        );
        let refused = check(&["*"], &["alcie"]).expect_err("refused");
        assert!(refused.starts_with("'weir.rest.auth.upload' grants a right only to alcie, but /u "), "{refused}");
    }
}
