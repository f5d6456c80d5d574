//! `EnvVarConfigProvider`: the variables of the worker's environment at start whose whole names `allowlist.pattern` matches.

use std::collections::HashMap;

use weir_java::regex::JavaRegex;

/// The variables that may be read.
pub(super) struct Environment(HashMap<String, String>);

impl Environment {
    /// Keeps the variables whose whole name matches; all of them if there is no pattern.
    ///
    /// # Errors
    ///
    /// The pattern is not a valid regular expression.
    pub(super) fn new(
        pattern: Option<&str>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, String> {
        let pattern = pattern.map(JavaRegex::new).transpose();
        let pattern = pattern.map_err(|error| format!("Invalid regex: {error}"))?;
        // A match that takes too many steps does not count: a missing variable is better than a disclosed one.
        let allowed = |name: &str| pattern.as_ref().is_none_or(|pattern| pattern.matches(name).unwrap_or(false));
        Ok(Self(variables.into_iter().filter(|(name, _)| allowed(name)).collect()))
    }

    pub(super) fn get(&self, name: &str) -> Option<&String> {
        self.0.get(name)
    }
}

/// Returns the environment of this process, except names and values that are not Unicode.
pub(super) fn of_this_process() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_variables_whose_whole_name_matches_are_there() {
        let variables = || ["DB_USER", "DB_PASSWORD", "MY_DB_USER"].map(|name| (name.to_owned(), "v".to_owned()));
        let environment = Environment::new(Some("DB_.*|X"), variables()).expect("a pattern");
        assert!(environment.get("DB_USER").is_some() && environment.get("DB_PASSWORD").is_some());
        assert_eq!(environment.get("MY_DB_USER"), None);
        assert!(Environment::new(None, variables()).expect("no pattern").get("MY_DB_USER").is_some());
        assert!(Environment::new(Some("("), variables()).is_err());
    }
}
