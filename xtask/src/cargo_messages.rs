//! What cargo prints about what it builds.

use std::path::PathBuf;

use serde::Deserialize;

/// What cargo says about something it built (`--message-format=json`).
#[derive(Debug, Deserialize)]
pub(crate) struct Artifact {
    pub(crate) manifest_path: PathBuf,
    pub(crate) target: Target,
    pub(crate) filenames: Vec<PathBuf>,
    pub(crate) executable: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) kind: Vec<String>,
}

/// Reads a line of cargo's output. Returns `None` for a line that is about something else.
pub(crate) fn artifact(line: &str) -> Option<Artifact> {
    line.contains("\"compiler-artifact\"").then(|| serde_json::from_str(line).ok())?
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn an_artifact_line_of_cargo_is_understood_and_others_are_passed_over() {
        let line = r#"{"reason":"compiler-artifact","package_id":"x","manifest_path":"/r/connectors/file/Cargo.toml",
            "target":{"name":"weir_file","kind":["cdylib"]},"filenames":["/t/weir_file.wasm","/t/libweir_file.rlib"],"executable":null}"#;
        let it = artifact(line).unwrap();
        assert_eq!(it.manifest_path, Path::new("/r/connectors/file/Cargo.toml"));
        assert_eq!(it.filenames[0], Path::new("/t/weir_file.wasm"));
        assert!(artifact(r#"{"reason":"build-finished","success":true}"#).is_none());
    }
}
