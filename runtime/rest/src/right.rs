//! The rights that requests need.

use axum::http::Method;

/// What a client may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Right {
    /// Read everything that the API shows.
    Read,
    /// Change connectors, offsets and loggers.
    Operate,
    /// Upload and delete plugins.
    Upload,
}

impl Right {
    /// Returns the right that a request needs. A change of an unknown resource needs the right that the fewest names have.
    pub(super) fn needed(method: &Method, path: &str) -> Self {
        // As in the lookup of routes, parameters of a segment are ignored.
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

    /// Returns the audit log's reason for a refusal.
    pub(super) fn lacking(self) -> &'static str {
        match self {
            Self::Read => "the user may not read (weir.rest.auth.read)",
            Self::Operate => "the user may not operate (weir.rest.auth.operate)",
            Self::Upload => "the user may not upload (weir.rest.auth.upload)",
        }
    }
}

/// Whether a request changes something. The validation of a configuration does not.
pub(super) fn is_change(method: &Method, path: &str) -> bool {
    Right::needed(method, path) != Right::Read && !path.starts_with("/connector-plugins")
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn a_validation_is_not_a_change() {
        assert!(is_change(&Method::PUT, "/connectors/a/config"));
        assert!(!is_change(&Method::GET, "/connectors/a/config"));
        assert!(!is_change(&Method::PUT, "/connector-plugins/a/config/validate"));
    }
}
