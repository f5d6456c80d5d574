//! What a request needs, and who has it.

use std::collections::HashSet;

use axum::http::Method;

use super::Error;
use weir_config::access::Auth;

/// What one may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Right {
    /// See what is there.
    Read,
    /// Change connectors, offsets, loggers.
    Operate,
    /// Bring code into the worker and take it out.
    Upload,
}

impl Right {
    /// What a request needs. A change of something that this function does not know needs the right that fewest have.
    pub(super) fn needed(method: &Method, path: &str) -> Self {
        // As the routes are looked up: parameters of a segment have no meaning.
        let first = path.strip_prefix('/').and_then(|path| path.split(['/', ';']).next());
        match *method {
            Method::GET | Method::HEAD | Method::OPTIONS => Self::Read,
            _ if matches!(first, Some("connectors" | "connector-plugins" | "admin")) => Self::Operate,
            _ => Self::Upload,
        }
    }

    /// As in `user alice may not ...`.
    pub(super) fn verb(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Operate => "operate",
            Self::Upload => "upload",
        }
    }
}

impl Right {
    /// For the audit log, when it is missing.
    pub(super) fn lacking(self) -> &'static str {
        match self {
            Self::Read => "the user may not read (weir.rest.auth.read)",
            Self::Operate => "the user may not operate (weir.rest.auth.operate)",
            Self::Upload => "the user may not upload (weir.rest.auth.upload)",
        }
    }
}

/// Who may do what.
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

    /// Whether this name has this right. Who may change things may see them.
    pub(super) fn allow(&self, name: &str, right: Right) -> bool {
        match right {
            Right::Read => self.read.has(name) || self.operate.has(name) || self.upload.has(name),
            Right::Operate => self.operate.has(name),
            Right::Upload => self.upload.has(name),
        }
    }
}

/// Looks whether the names that have rights are there. What to warn of: a name that is not, beside others that are.
///
/// # Errors
///
/// None of the names of a right is there, so nobody could have it.
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
                warnings.push(format!("'{key}' gives a right to {missing}, and {files} does not say who that is"));
            }
        }
    }
    Ok(warnings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_of_nobody_is_refused_and_a_name_that_is_not_there_is_told() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let check = |read: &[&str], upload: &[&str]| {
            let auth = Auth { read: names(read), upload: names(upload), ..Auth::default() };
            check_names(&auth, |name| name == "alice", "/u").map_err(|error| error.to_string())
        };
        assert_eq!(check(&["*"], &[]), Ok(vec![]));
        assert_eq!(check(&["alice"], &["alice", "*"]), Ok(vec![]));
        assert_eq!(
            check(&["alice", "bob"], &[]),
            Ok(vec!["'weir.rest.auth.read' gives a right to bob, and /u does not say who that is".to_owned()])
        );
        let refused = check(&["*"], &["alcie"]).expect_err("refused");
        assert!(
            refused.starts_with("'weir.rest.auth.upload' gives a right to alcie and nobody else, but /u "),
            "{refused}"
        );
    }

    #[test]
    fn what_is_not_known_needs_the_right_that_fewest_have() {
        for (method, path, right) in [
            (Method::GET, "/plugins", Right::Read),
            (Method::HEAD, "/", Right::Read),
            (Method::POST, "/connectors", Right::Operate),
            (Method::PATCH, "/connectors/a/offsets", Right::Operate),
            (Method::PUT, "/connector-plugins/a/config/validate", Right::Operate),
            (Method::PUT, "/admin/loggers/root", Right::Operate),
            (Method::POST, "/plugins", Right::Upload),
            (Method::POST, "/plugins/", Right::Upload),
            (Method::DELETE, "/plugins/00ff", Right::Upload),
            (Method::POST, "/%70lugins", Right::Upload),
            (Method::POST, "/connectorsX", Right::Upload),
            (Method::POST, "/connectors;a=b/plugins", Right::Operate),
            (Method::POST, "/plugins;/connectors", Right::Upload),
            (Method::POST, "//connectors", Right::Upload),
        ] {
            assert_eq!(Right::needed(&method, path), right, "{method} {path}");
        }
    }
}
