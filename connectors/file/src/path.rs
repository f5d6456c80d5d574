//! What `file` may be, and which directory it lies in: the part that the source and the sink have in common.

use std::path::{Component, Path, PathBuf};

use weir_sdk::config::ConfigValue;

/// The key.
pub(crate) const FILE: &str = "file";

/// The path, or why it cannot be one. `stream` is what Kafka Connect would take in its place.
pub(crate) fn of(file: Option<&str>, stream: &str) -> Result<PathBuf, String> {
    let Some(file) = file.filter(|file| !file.is_empty()) else {
        return Err(format!(
            "{FILE} must be given. Kafka Connect takes {stream} when it is not; a plugin in a sandbox has none"
        ));
    };
    let path = PathBuf::from(file);
    if file.ends_with('/') || !matches!(path.components().next_back(), Some(Component::Normal(_))) {
        return Err(format!("Invalid value {file} for configuration {FILE}: it names a directory, not a file"));
    }
    Ok(path)
}

/// The directory that has to be granted, under the name by which the path reaches it.
pub(crate) fn directory(path: &Path) -> String {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent.to_string_lossy().into_owned(),
        _ => ".".to_owned(),
    }
}

/// What `validate` has to say about the key: nothing when it is in order.
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
        assert!(
            of(None, "standard input").unwrap_err().contains("file must be given. Kafka Connect takes standard input")
        );
        for file in ["", "/", "/data/", "..", "a/.."] {
            assert!(of(Some(file), "standard input").unwrap_err().contains(FILE), "{file}");
        }
    }
}
