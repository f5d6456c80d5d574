//! Checks the key `file`, and finds its directory, for the source and the sink.

use std::path::{Component, Path, PathBuf};

use weir_sdk::config::ConfigValue;

/// The name of the key.
pub(crate) const FILE: &str = "file";

/// Returns the path, or an error message. `stream` is what Kafka Connect uses if there is no path.
pub(crate) fn of(file: Option<&str>, stream: &str) -> Result<PathBuf, String> {
    let Some(file) = file.filter(|file| !file.is_empty()) else {
        return Err(format!(
            "Missing required configuration {FILE}: a sandboxed plugin has no {stream}, which Kafka Connect uses if {FILE} is not set"
        ));
    };
    let path = PathBuf::from(file);
    if file.ends_with('/') || !matches!(path.components().next_back(), Some(Component::Normal(_))) {
        return Err(format!("Invalid value {file} for configuration {FILE}: it names a directory, not a file"));
    }
    Ok(path)
}

/// Returns the directory to request. Its name is a prefix of the path.
pub(crate) fn directory(path: &Path) -> String {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent.to_string_lossy().into_owned(),
        _ => ".".to_owned(),
    }
}

/// Returns the errors of the key for `validate`.
pub(crate) fn validate(file: Option<&str>, stream: &str) -> Vec<ConfigValue> {
    of(file, stream).err().map(|message| ConfigValue::error(FILE, message)).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_is_the_one_that_the_path_goes_through() {
        for (file, expected) in [("/data/in.txt", "/data"), ("in.txt", "."), ("a/b/in.txt", "a/b"), ("/in.txt", "/")] {
            assert_eq!(directory(&of(Some(file), "").unwrap()), expected);
        }
    }

    #[test]
    fn a_missing_file_and_a_directory_are_refused_with_the_key() {
        assert!(of(None, "standard input").unwrap_err().contains("Missing required configuration file"));
        for file in ["", "/", "/data/", "..", "a/.."] {
            assert!(of(Some(file), "standard input").unwrap_err().contains(FILE), "{file}");
        }
    }
}
